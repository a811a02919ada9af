"""Filter."""

from pathlib import Path

import torch

from caffetools.torch.runtime.scaling import Scale
from caffetools.torch.runtime.selection import filter_items
from tests.torch.cases import check_case, read_case


def test_golden(caffe: Path) -> None:
    scale = Scale((3,))
    check_case(
        read_case(caffe, "layers/filter"),
        lambda blobs: {"y": filter_items(blobs["sel"], scale(blobs["x"]))[0]},
        {"b": scale},
    )


def test_items_of_several_blobs() -> None:
    selector = torch.tensor([1.0, 0, -2]).reshape(3, 1, 1)
    a, b = torch.arange(3.0), torch.arange(6.0).reshape(3, 2)
    chosen = filter_items(selector, a, b)
    assert chosen[0].tolist() == [0, 2]
    assert chosen[1].tolist() == [[0, 1], [4, 5]]
    assert filter_items(selector * 0, b)[0].shape == (0, 2)


def test_shapes_on_the_meta_device() -> None:
    blob = torch.empty(3, 2, device="meta")
    assert filter_items(torch.empty(3, device="meta"), blob)[0].shape == (3, 2)
