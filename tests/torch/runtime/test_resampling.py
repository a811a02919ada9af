"""Unpooling and reorganising: a few numbers by hand, and Darknet's loop."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F

from caffetools.torch.runtime.base import Pair
from caffetools.torch.runtime.pooling import caffe_avg_pool2d, caffe_max_pool2d_with_mask
from caffetools.torch.runtime.resampling import (
    unpool,
    unpool_average,
    unpool_groups,
    unpool_mean,
    unpool_tile,
    unpool_to_corners,
)
from tests.torch.cases import check_runs_everywhere, gradients


def test_unpool_puts_maxima_back() -> None:
    x = torch.randn(2, 3, 6, 7)
    maxima, mask = caffe_max_pool2d_with_mask(x, (2, 2), (2, 2))
    y = unpool(maxima, mask, (6, 7))
    assert torch.equal(y, torch.where(y != 0, x, 0))
    torch.testing.assert_close(y.sum((2, 3)), maxima.sum((2, 3)))
    theirs = F.max_unpool2d(maxima, mask.long(), (2, 2), output_size=(6, 7))
    assert torch.equal(y, theirs)


def test_the_gradient_of_unpool_is_what_stands_there() -> None:
    x = torch.tensor([[[[1.0, 2]]]], requires_grad=True)
    mask = torch.tensor([[[[3.0, 0]]]])
    y = unpool(x, mask, (2, 2))
    assert y.tolist() == [[[[2, 0], [0, 1]]]]
    (gradient,) = gradients(y * torch.tensor([[10.0, 20], [30, 40]]), x)
    assert gradient.tolist() == [[[[40, 10]]]]


def test_unpool_to_corners() -> None:
    x = torch.tensor([[[[1.0, 2], [3, 4]]]])
    # the second window begins at 2, beyond a width of 2: it is put into the last column
    y = unpool_to_corners(x, (1, 2), (3, 2))
    assert y.tolist() == [[[[1, 2], [3, 4], [0, 0]]]]


@pytest.mark.parametrize("size", [(5, 6), (4, 4), (7, 8)])
def test_average_is_the_gradient_of_average_pooling(size: tuple[int, int]) -> None:
    image = torch.zeros(1, 2, *size, requires_grad=True)
    pooled = caffe_avg_pool2d(image, (3, 2), (2, 2), ceil_mode=True)
    x = torch.randn(pooled.shape)
    (expected,) = gradients(pooled * x, image)
    torch.testing.assert_close(unpool_average(x, (3, 2), (2, 2), size), expected)


def test_tile() -> None:
    x = torch.tensor([[[[1.0, 2]]]], requires_grad=True)
    # windows of 2 x 3, two apart, cut off at a width of 4: they overlap in column 2
    y = unpool_tile(x, (2, 3), (2, 2), (2, 4))
    assert y.tolist() == [[[[1, 1, 3, 2], [1, 1, 3, 2]]]]
    (gradient,) = gradients(y * torch.tensor([1.0, 2, 3, 4]), x)
    assert gradient.tolist() == [[[[(1 + 2 + 3) / 3, (3 + 4) / 2]]]]


@pytest.mark.parametrize("kernel", [(1, 2), (3, 2)])
@pytest.mark.parametrize("stride", [(1, 2), (2, 1), (4, 3)])
@pytest.mark.parametrize("size", [(1, 5), (4, 4), (9, 7)])
def test_unpooling_is_the_loop(kernel: Pair, stride: Pair, size: Pair) -> None:
    """Windows are clipped to the output; maxima of those beyond it move to its border."""
    x = torch.randn(2, 1, 3, 2)
    tiled, average, corners = torch.zeros(3, 2, 1, *size)
    for row in range(3):
        for column in range(2):
            value = x[:, :, row, column]
            top, left = row * stride[0], column * stride[1]
            bottom, right = min(top + kernel[0], size[0]), min(left + kernel[1], size[1])
            for y, z in itertools.product(range(top, bottom), range(left, right)):
                tiled[:, :, y, z] += value
                average[:, :, y, z] += value / ((bottom - top) * (right - left))
            corners[:, :, min(top, size[0] - 1), min(left, size[1] - 1)] = value
    torch.testing.assert_close(unpool_tile(x, kernel, stride, size), tiled)
    torch.testing.assert_close(unpool_average(x, kernel, stride, size), average)
    torch.testing.assert_close(unpool_to_corners(x, stride, size), corners)


def test_runs_everywhere() -> None:
    x = torch.randn(2, 4, 2, 2)
    check_runs_everywhere(lambda x: unpool(x, (x * 0), (4, 4)), x)
    check_runs_everywhere(lambda x: unpool_to_corners(x, (2, 2), (4, 4)), x)
    check_runs_everywhere(lambda x: unpool_tile(x, (2, 2), (2, 2), (4, 4)), x)


def test_means_of_windows() -> None:
    """A row 1 3 with windows of 2 positions, one apart: 1, (1 + 3) / 2, 3."""
    x = torch.tensor([1.0, 3]).reshape(1, 1, 1, 2)
    assert unpool_mean(x, (1, 2), (1, 1)).flatten().tolist() == [1, 2, 3]
    assert unpool_mean(x, (1, 2), (1, 1), divide=True).flatten().tolist() == [0.5, 1, 1.5]
    assert unpool_mean(x, (1, 3), (1, 2), (0, 1)).flatten().tolist() == [1, 2, 3]
    # Positions between windows stay 0.
    assert unpool_mean(x, (1, 1), (1, 3)).flatten().tolist() == [1, 0, 0, 3]
    check_runs_everywhere(lambda x: unpool_mean(x, (2, 2), (2, 2)), torch.randn(2, 3, 4, 5))


def test_means_of_groups() -> None:
    """Columns 1 3 8 in groups 5 5 9, then each on its own: (2 + 1) / 2, (2 + 3) / 2, 8."""
    x = torch.tensor([1.0, 3, 8]).reshape(1, 1, 1, 3).requires_grad_()
    groups = torch.tensor([5.0, 5.5, 9, -1, 4, 7]).reshape(1, 2, 1, 3)
    y = unpool_groups(x, groups)
    assert y.flatten().tolist() == [1.5, 2.5, 8]
    (gradient,) = gradients(y * torch.tensor([2.0, 0, 0]), x)
    assert gradient.flatten().tolist() == [1 / 2 + 1, 1 / 2, 0]  # half of each mean of groups


def test_middles_of_windows() -> None:
    x = torch.tensor([1.0, 3]).reshape(1, 1, 1, 2)
    assert unpool_to_corners(x, (1, 3), (1, 6), (0, 1)).flatten().tolist() == [0, 1, 0, 0, 3, 0]
    assert unpool_to_corners(x, (1, 2), (1, 2), (0, -1)).flatten().tolist() == [1, 3]
