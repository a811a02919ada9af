"""Caffe's pooling: golden cases, windows counted by hand, and the loop that defines it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from caffetools.torch.runtime.pooling import (
    caffe_avg_pool2d,
    caffe_max_pool2d,
    caffe_max_pool2d_with_mask,
    pool_windows,
    spatial_pyramid_pool,
    stochastic_pool2d,
)
from tests.torch.cases import check_case, check_runs_everywhere, gradients, read_case

LOWEST = torch.finfo(torch.float32).min
Pool = Callable[..., Tensor]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "ceil_mode", "expected"),
    [
        # (227 - 3) / 2 + 1 = 113; (55 - 3) / 2 + 1 = 27
        ((227, 55), (3, 3), (2, 2), (0, 0), True, (113, 27)),
        # ceil(5 / 2) + 1 = 4, and the last window begins at 6, beyond the input
        ((6, 6), (1, 1), (2, 2), (0, 0), True, (4, 4)),
        ((6, 6), (1, 1), (2, 2), (0, 0), False, (3, 3)),
        # ceil(7 / 3) + 1 = 4 begins at 9 of 7 + 1: dropped; ceil(10 / 3) + 1 = 5 begins at 12 of 11
        ((7, 10), (2, 2), (3, 3), (1, 1), True, (3, 4)),
        # a pad along the height clips the width too: ceil(5 / 2) + 1 = 4 begins at 6 of 6
        ((6, 6), (2, 1), (2, 2), (1, 0), True, (4, 3)),
        # a kernel larger than the input: ceil(-1 / 32) + 1 = 1
        ((6, 6), (7, 7), (32, 32), (0, 0), True, (1, 1)),
    ],
)
def test_windows_are_counted_as_caffe_counts(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    *,
    ceil_mode: bool,
    expected: tuple[int, int],
) -> None:
    counts, around = pool_windows(
        torch.zeros(1, 1, *size), kernel, stride, padding, ceil_mode=ceil_mode
    )
    assert counts == expected
    left, right, above, below = around
    assert (above, left) == padding
    assert size[0] + above + below == (counts[0] - 1) * stride[0] + kernel[0]
    assert size[1] + left + right == (counts[1] - 1) * stride[1] + kernel[1]


@pytest.mark.parametrize(
    ("name", "pool", "kernel", "stride", "padding", "ceil_mode"),
    [
        ("pool_0", caffe_avg_pool2d, (3, 3), (1, 1), (2, 2), True),
        ("pool_1", caffe_max_pool2d, (4, 4), (1, 1), (1, 1), True),
        ("pool_3", caffe_max_pool2d, (3, 3), (2, 2), (0, 0), True),
        ("pool_5", caffe_avg_pool2d, (3, 3), (2, 2), (1, 1), True),
        ("pool_8", caffe_avg_pool2d, (4, 4), (3, 3), (1, 1), True),
        ("pool_9", caffe_max_pool2d, (4, 4), (2, 2), (2, 2), True),
        ("pool_clip_max", caffe_max_pool2d, (2, 2), (3, 3), (1, 1), True),
        ("pool_floor_ave", caffe_avg_pool2d, (3, 3), (2, 2), (1, 1), False),
        ("pool_floor_max", caffe_max_pool2d, (3, 3), (2, 2), (0, 0), False),
        ("pool_gap_ave", caffe_avg_pool2d, (2, 2), (3, 3), (0, 0), True),
        ("pool_gap_max", caffe_max_pool2d, (1, 1), (2, 2), (0, 0), True),
        ("pool_hw_ave", caffe_avg_pool2d, (2, 3), (1, 2), (1, 0), True),
        ("pool_hw_max", caffe_max_pool2d, (3, 1), (1, 2), (1, 0), True),
    ],
)
def test_golden(
    caffe: Path,
    name: str,
    pool: Pool,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    *,
    ceil_mode: bool,
) -> None:
    case = read_case(caffe, f"layers/{name}")
    check_case(
        case, lambda blobs: {"y": pool(blobs["x"], kernel, stride, padding, ceil_mode=ceil_mode)}
    )


def test_golden_pyramid(caffe: Path) -> None:
    case = read_case(caffe, "layers/spp")
    check_case(case, lambda blobs: {"y": spatial_pyramid_pool(blobs["x"], 3)})


windows = st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.integers(0, 3))


def by_definition(
    line: list[float], kernel: int, stride: int, pad: int, count: int
) -> tuple[list[float], list[float], list[int]]:
    """Maxima, means and places of the maxima along one axis, by Caffe's loop."""
    maxima, means, places = [], [], []
    for index in range(count):
        start = index * stride - pad
        end = min(start + kernel, len(line) + pad)
        inside = line[max(start, 0) : max(min(end, len(line)), 0)]
        maxima.append(max(inside, default=LOWEST))
        places.append(max(start, 0) + inside.index(maxima[-1]) if inside else -1)
        means.append(sum(inside) / (end - start) if end != start else math.nan)
    return maxima, means, places


@settings(max_examples=60)
@given(windows, st.booleans())
def test_both_equal_the_loop(window: tuple[int, int, int, int], ceil_mode: bool) -> None:
    extent, kernel, stride, pad = window
    pad = min(pad, kernel - 1)
    (count, _), _ = pool_windows(
        torch.zeros(1, 1, extent, 1), (kernel, 1), (stride, 1), (pad, 0), ceil_mode=ceil_mode
    )
    if count < 1:
        return
    x = torch.randperm(extent).float()
    maxima, means, places = by_definition(x.tolist(), kernel, stride, pad, count)
    column = x.reshape(1, 1, -1, 1)
    arguments = (column, (kernel, 1), (stride, 1), (pad, 0))
    largest, mask = caffe_max_pool2d_with_mask(*arguments, ceil_mode=ceil_mode)
    assert caffe_max_pool2d(*arguments, ceil_mode=ceil_mode).flatten().tolist() == maxima
    assert largest.flatten().tolist() == maxima
    assert mask.flatten().tolist() == places
    average = caffe_avg_pool2d(*arguments, ceil_mode=ceil_mode).flatten()
    torch.testing.assert_close(average, torch.tensor(means), equal_nan=True)


def test_the_gradient_of_an_empty_window_goes_nowhere() -> None:
    x = torch.arange(1.0, 37).reshape(1, 1, 6, 6).requires_grad_()
    for pool in (caffe_max_pool2d, caffe_avg_pool2d):
        y = pool(x, (1, 1), (2, 2))
        assert y.shape == (1, 1, 4, 4)
        (gradient,) = gradients(y.nan_to_num(), x)
        assert gradient.isfinite().all()
        assert gradient.sum() == 9


def test_the_mask_counts_from_the_plane() -> None:
    x = torch.zeros(1, 2, 3, 4)
    x[0, 0, 1, 2] = x[0, 1, 2, 3] = 1
    _, mask = caffe_max_pool2d_with_mask(x, (3, 4))
    assert mask.flatten().tolist() == [1 * 4 + 2, 2 * 4 + 3]


def test_equal_to_pytorch_where_the_windows_are() -> None:
    x = torch.randn(2, 3, 13, 13)
    torch.testing.assert_close(
        caffe_max_pool2d(x, (3, 3), (2, 2), (1, 1)), F.max_pool2d(x, 3, 2, 1, ceil_mode=True)
    )
    torch.testing.assert_close(
        caffe_avg_pool2d(x, (3, 3), (2, 2), (1, 1)), F.avg_pool2d(x, 3, 2, 1, ceil_mode=True)
    )


def test_the_mean_of_a_stochastic_pooling() -> None:
    x = torch.tensor([1.0, 3, 0, 0]).reshape(1, 1, 2, 2)
    assert stochastic_pool2d(x, (2, 2)).item() == (1 * 1 + 3 * 3) / (1 + 3)
    assert stochastic_pool2d(torch.zeros(1, 1, 2, 2), (2, 2)).item() == 0
    # ceil((3 - 2) / 2) + 1 = 2 windows an axis, the last ones clipped
    assert stochastic_pool2d(torch.ones(1, 2, 3, 3), (2, 2), (2, 2)).tolist() == [
        [[[1, 1]] * 2] * 2
    ]


def test_what_a_stochastic_pooling_draws() -> None:
    torch.manual_seed(1)
    x = torch.tensor([1.0, 3]).repeat(4000, 1).reshape(4000, 1, 1, 2).requires_grad_()
    y = stochastic_pool2d(x, (1, 2), training=True)
    assert set(y.flatten().tolist()) == {1.0, 3.0}
    assert abs((y == 3).float().mean().item() - 0.75) < 0.03
    (gradient,) = gradients(y, x)
    assert torch.equal(gradient, (x == y).float())


@pytest.mark.parametrize(
    ("method", "expected"), [("MAX", [8.0, 2, 2, 8, 8]), ("AVE", [5.0, 2, 2, 8, 8])]
)
def test_pyramid_by_hand(method: str, expected: list[float]) -> None:
    x = torch.tensor([[2.0, 2], [8, 8]]).reshape(1, 1, 2, 2)
    assert spatial_pyramid_pool(x, 2, method).tolist() == [expected]
    assert spatial_pyramid_pool(x, 1, method).shape == (1, 1, 1, 1)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: caffe_max_pool2d(x, (1, 2), (2, 3)),
        lambda x: caffe_avg_pool2d(x, (3, 3), (2, 2), (2, 2)),
        lambda x: caffe_max_pool2d_with_mask(x, (3, 3), (2, 2), (2, 2)),
        lambda x: stochastic_pool2d(x, (3, 3), (2, 2)),
        lambda x: spatial_pyramid_pool(x, 3),
    ],
)
def test_runs_everywhere(function: Pool) -> None:
    check_runs_everywhere(function, torch.rand(2, 3, 6, 7))
