"""Eltwise MAX and its ties."""

from pathlib import Path

import torch

from caffetools.torch.runtime.elementwise import elementwise_max
from tests.torch.cases import check_case, check_runs_everywhere, gradients, read_case


def test_golden(caffe: Path) -> None:
    case = read_case(caffe, "layers/eltwise_max")
    check_case(case, lambda blobs: {"y": elementwise_max(blobs["a"], blobs["b"], blobs["d"])})


def test_who_gets_the_gradient_of_a_tie() -> None:
    values = [[0.0, 2, 0, 1], [0.0, 0, 2, 1], [0.0, 2, 2, 1]]
    bottoms = [torch.tensor(row, requires_grad=True) for row in values]
    y = elementwise_max(*bottoms)
    assert y.tolist() == [0, 2, 2, 1]
    # of the first two the second, and a later one only if it is larger
    assert [gradient.tolist() for gradient in gradients(y, *bottoms)] == [
        [0, 1, 0, 0],
        [1, 0, 1, 1],
        [0, 0, 0, 0],
    ]


def test_runs_everywhere() -> None:
    check_runs_everywhere(elementwise_max, *torch.randn(3, 2, 4))
