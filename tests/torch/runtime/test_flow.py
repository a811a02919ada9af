"""Layers of optical flow nets, by hand; real Caffe's results are in test_caffe_layers.py."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from caffetools.torch.runtime.flow import correlation, flow_warp
from tests.torch.cases import check_runs_everywhere, gradients


def test_correlation_by_hand() -> None:
    """One row, displacements -1, 0, 1: of 1 2 3 with 10 20 30, 0 beyond."""
    a = torch.tensor([1.0, 2, 3]).reshape(1, 1, 1, 3)
    y = correlation(a, 10 * a, 1, 1, pad=1)
    assert y.shape == (1, 9, 1, 3)
    assert y[0, 3:6, 0].tolist() == [[0, 20, 60], [10, 40, 90], [20, 60, 0]]
    assert y[0, [0, 1, 2, 6, 7, 8]].abs().sum() == 0
    difference = correlation(a, 10 * a, 1, 1, pad=1, correlation_type="SUBTRACT")
    assert difference[0, 4, 0].tolist() == [9, 18, 27]


def test_patches_are_averaged() -> None:
    a, b = torch.rand(2, 3, 9, 8), torch.rand(2, 3, 9, 8)
    y = correlation(a, b, 3, 2, stride_1=2, stride_2=2)
    # Of the first patch, rows and columns 2 to 4, with that displaced by (-2, 2).
    product = a[:, :, 2:5, 2:5] * b[:, :, 0:3, 4:7]
    torch.testing.assert_close(y[:, 2, 0, 0], product.mean((1, 2, 3)))
    assert y.shape == (2, 9, (9 - 4 - 3) // 2 + 1, (8 - 4 - 3) // 2 + 1)


@pytest.mark.parametrize(("kernel", "reach", "pad"), [(1, 3, 4), (3, 1, 1), (3, 2, 3), (1, 0, 0)])
@pytest.mark.parametrize(("stride", "step"), [(1, 1), (2, 1), (1, 2), (2, 3)])
@pytest.mark.parametrize("kind", ["MULTIPLY", "SUBTRACT"])
def test_correlation_is_the_loop(
    kernel: int, reach: int, pad: int, stride: int, step: int, kind: str
) -> None:
    a, b = torch.randn(2, 2, 3, 7, 6)
    first, second = (F.pad(x, (pad,) * 4) for x in (a, b))
    rows, columns = (
        math.ceil((extent + 2 * pad - 2 * (reach + kernel // 2)) / stride) for extent in (7, 6)
    )
    far = reach // step
    found = correlation(
        a, b, kernel, reach, pad=pad, stride_1=stride, stride_2=step, correlation_type=kind
    )
    assert found.shape == (2, (2 * far + 1) ** 2, rows, columns)
    for channel in range(found.size(1)):
        down, right = ((each - far) * step for each in divmod(channel, 2 * far + 1))
        for row in range(rows):
            for column in range(columns):
                y, x = row * stride + reach, column * stride + reach
                patch = first[:, :, y : y + kernel, x : x + kernel]
                y, x = y + down, x + right
                other = second[:, :, y : y + kernel, x : x + kernel]
                alike = patch * other if kind == "MULTIPLY" else (patch - other).abs()
                torch.testing.assert_close(found[:, channel, row, column], alike.mean((1, 2, 3)))


def test_warp_by_hand() -> None:
    """Of 1 2 4 a quarter to the right of the first, then the last itself, then beyond."""
    image = torch.tensor([1.0, 2, 4]).reshape(1, 1, 1, 3).requires_grad_()
    flow = torch.zeros(1, 2, 1, 3)
    flow[0, 0, 0] = torch.tensor([0.25, 1, 1])
    flow.requires_grad_()
    y = flow_warp(image, flow)
    assert y.flatten().tolist() == [1.25, 4, 0]
    by_image, by_flow = gradients(y, image, flow)
    assert by_image.flatten().tolist() == [0.75, 0.25, 1]
    # The slope to the right; in the last column and row there is none.
    assert by_flow.flatten().tolist() == [1, 0, 0, 0, 0, 0]
    outside = flow_warp(image, flow, "NOT_A_NUMBER").flatten()
    assert outside.isnan().tolist() == [False, False, True]


def test_runs_everywhere() -> None:
    x = torch.randn(2, 3, 5, 6)
    check_runs_everywhere(lambda a, b: correlation(a, b, 1, 2, pad=2), x, x.flip(2))
    check_runs_everywhere(flow_warp, x, torch.randn(2, 2, 5, 6))
