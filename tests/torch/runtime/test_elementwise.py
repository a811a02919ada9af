"""Eltwise MAX and its ties, zeros of a product; products and sums along axes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from caffetools.torch.runtime.elementwise import (
    Bias,
    Scale,
    add_along,
    elementwise_max,
    multiply_along,
    nan_at_zero,
)
from tests.torch.cases import check_case, check_runs_everywhere, gradients, read_case


def test_golden_max(caffe: Path) -> None:
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


def test_a_quotient_by_zero() -> None:
    """The gradient of a is y / a: 0 / 2, 0 / 0, 12 / 3."""
    a, b = (torch.tensor(row, requires_grad=True) for row in ([2.0, 0, 3], [0.0, 5, 4]))
    y = nan_at_zero(a) * nan_at_zero(b)
    assert y.tolist() == [0, 0, 12]
    nan = float("nan")
    for got, want in zip(gradients(y, a, b), ([0, nan, 4], [nan, 0, 3]), strict=True):
        torch.testing.assert_close(got, torch.tensor(want), equal_nan=True)


def test_max_runs_everywhere() -> None:
    check_runs_everywhere(elementwise_max, *torch.randn(3, 2, 4))


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("scale", Scale((6,))),
        ("scale_bias", Scale((3,), bias=True)),
        ("scale_axis2", Scale((5,), axis=2, bias=True)),
        ("scale_scalar", Scale(())),
        ("scale_all", Scale((2, 3, 4), axis=0)),
        ("bias", Bias((4,))),
        ("bias_axes2", Bias((3, 4))),
    ],
)
def test_golden(caffe: Path, name: str, module: nn.Module) -> None:
    check_case(
        read_case(caffe, f"layers/{name}"), lambda blobs: {"y": module(blobs["x"])}, {"l": module}
    )


def test_golden_two_bottoms(caffe: Path) -> None:
    check_case(
        read_case(caffe, "layers/scale_two"),
        lambda blobs: {"y": multiply_along(blobs["x"], blobs["s"], 1)},
    )
    check_case(
        read_case(caffe, "layers/bias_two"),
        lambda blobs: {"y": add_along(blobs["x"], blobs["s"], 0)},
    )
    shift = Bias((2, 3), axis=0)
    check_case(
        read_case(caffe, "layers/scale_two_axis0"),
        lambda blobs: {"y": shift(multiply_along(blobs["x"], blobs["s"], 0))},
        {"l": shift},
    )


@pytest.mark.parametrize(
    ("shape", "axis", "aligned"),
    [
        ((), 0, ()),
        ((3,), 1, (3, 1, 1)),
        ((3, 4), 1, (3, 4, 1)),
        ((5,), 3, (5,)),
        ((2, 3, 4, 5), 0, (2, 3, 4, 5)),
    ],
)
def test_axes(shape: tuple[int, ...], axis: int, aligned: tuple[int, ...]) -> None:
    x, values = torch.randn(2, 3, 4, 5), torch.randn(shape)
    assert torch.equal(multiply_along(x, values, axis), x * values.reshape(aligned))
    assert torch.equal(add_along(x, values, axis), x + values.reshape(aligned))
    scale, bias = Scale(shape, axis, bias=True), Bias(shape, axis)
    assert torch.equal(scale(x), x)
    assert torch.equal(bias(x), x)
    with torch.no_grad():
        scale.weight.copy_(values)
        bias.bias.copy_(values)
    assert torch.equal(scale(x), x * values.reshape(aligned))
    assert torch.equal(bias(x), x + values.reshape(aligned))


def test_runs_everywhere() -> None:
    def function(x: Tensor, factor: Tensor) -> Tensor:
        return add_along(multiply_along(x, factor), factor)

    check_runs_everywhere(function, torch.randn(2, 3, 4), torch.randn(3))
    check_runs_everywhere(Scale((3,), bias=True), torch.randn(2, 3, 4))
    check_runs_everywhere(Bias((3,)), torch.randn(2, 3, 4))
