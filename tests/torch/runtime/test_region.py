"""Pooling over regions, against the loops of the forks."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from caffetools.torch.runtime.region import (
    box_annotator_ohem,
    psroi_pool,
    roi_bins,
    roi_pool,
    round_half_away,
)
from tests.torch.cases import check_runs_everywhere, gradients


def test_rounding_is_that_of_c() -> None:
    x = torch.tensor([0.5, 1.5, 2.5, -0.5, -1.5, 0.4, -0.6])
    assert round_half_away(x).tolist() == [1, 2, 3, -1, -2, 0, -1]


def test_bins_by_hand() -> None:
    # 5 places in 2 bins of 2.5: floor(0), ceil(2.5), floor(2.5), ceil(5), from 3 on; extent 7
    bins = roi_bins(torch.tensor([3.0, -1]), torch.tensor([7.0, -4]), 2, 7)
    assert bins.tolist() == [[[3, 6], [5, 7]], [[0, 0], [0, 0]]]


def pooled(x: Tensor, rois: Tensor, count: tuple[int, int], scale: float) -> Tensor:
    """ROIPooling, bin by bin."""
    result = torch.zeros(len(rois), x.size(1), *count)
    for index, roi in enumerate(rois):
        left, top, right, bottom = round_half_away(roi[1:] * scale).tolist()
        high, wide = max(bottom - top + 1, 1) / count[0], max(right - left + 1, 1) / count[1]
        for row in range(count[0]):
            for column in range(count[1]):
                rows = slice(*edges(row, high, top, x.size(2)))
                columns = slice(*edges(column, wide, left, x.size(3)))
                bin_ = x[int(roi[0]), :, rows, columns].flatten(1)
                if bin_.numel():
                    result[index, :, row, column] = bin_.max(1)[0]
    return result


def edges(index: int, size: float, first: float, extent: int) -> tuple[int, int]:
    """Where a bin begins and ends; 1e-6 makes up for single precision."""
    begin, end = (
        math.floor(index * size + 1e-6) + first,
        math.ceil((index + 1) * size - 1e-6) + first,
    )
    low, high = (min(max(int(edge), 0), extent) for edge in (begin, end))
    return low, max(low, high)


pixels = st.integers(-8, 40)
regions = st.lists(
    st.tuples(st.integers(0, 1), pixels, pixels, pixels, pixels), min_size=1, max_size=4
)


@settings(max_examples=30)
@given(regions, st.integers(1, 3), st.integers(1, 4))
def test_roi_pooling_is_the_loop(rows: list[tuple[int, ...]], height: int, width: int) -> None:
    x, rois = torch.randn(2, 3, 5, 7, requires_grad=True), torch.tensor(rows).float()
    y = roi_pool(x, rois, height, width, 0.25)
    expected = pooled(x, rois, (height, width), 0.25)
    assert torch.equal(y, expected)
    weights = torch.randn(y.shape)
    (ours,) = gradients(y * weights, x)
    (theirs,) = gradients(expected * weights, x)
    torch.testing.assert_close(ours, theirs)


def test_of_equal_values_the_upper_left_has_the_gradient() -> None:
    x = torch.zeros(1, 1, 3, 3, requires_grad=True)
    (gradient,) = gradients(roi_pool(x, torch.tensor([[0.0, 0, 0, 2, 2]]), 1, 1), x)
    assert gradient[0, 0].tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]


def averaged(x: Tensor, rois: Tensor, output_dim: int, group: int, scale: float) -> Tensor:
    """PSROIPooling, bin by bin."""
    result = torch.zeros(len(rois), output_dim, group, group)
    for index, roi in enumerate(rois):
        left, top = (round_half_away(roi[1:3]) * scale).tolist()
        right, bottom = ((round_half_away(roi[3:5]) + 1) * scale).tolist()
        high, wide = max(bottom - top, 0.1) / group, max(right - left, 0.1) / group
        for row in range(group):
            for column in range(group):
                begin = math.floor(row * high + top + 1e-6), math.floor(column * wide + left + 1e-6)
                end = (
                    math.ceil((row + 1) * high + top - 1e-6),
                    math.ceil((column + 1) * wide + left - 1e-6),
                )
                rows, columns = (
                    slice(max(low, 0), max(stop, 0)) for low, stop in zip(begin, end, strict=True)
                )
                channels = x[int(roi[0])].reshape(output_dim, group, group, *x.shape[2:])
                bin_ = channels[:, row, column, rows, columns].flatten(1)
                if bin_.numel():
                    result[index, :, row, column] = bin_.mean(1)
    return result


@settings(max_examples=30)
@given(regions, st.integers(1, 3))
def test_psroi_pooling_is_the_loop(rows: list[tuple[int, ...]], group: int) -> None:
    x = torch.randn(2, 2 * group**2, 5, 7, requires_grad=True)
    rois = torch.tensor(rows).float()
    y = psroi_pool(x, rois, 2, group, 0.25)
    expected = averaged(x, rois, 2, group, 0.25)
    torch.testing.assert_close(y, expected)
    weights = torch.randn(y.shape)
    torch.testing.assert_close(gradients(y * weights, x), gradients(expected * weights, x))


@pytest.mark.parametrize("channels", [8])
def test_runs_everywhere(channels: int) -> None:
    x, rois = torch.randn(1, channels, 5, 7), torch.tensor([[0.0, 0, 0, 3, 4], [0, 1, 1, 6, 3]])
    check_runs_everywhere(lambda x, rois: roi_pool(x, rois, 2, 3, 1.0), x, rois)
    check_runs_everywhere(lambda x, rois: psroi_pool(x, rois, 2, 2, 1.0), x, rois)
    x.requires_grad_()
    compiled = torch.compile(roi_pool, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(
        gradients(compiled(x, rois, 2, 3), x), gradients(roi_pool(x, rois, 2, 3), x)
    )


def test_the_hardest_regions_of_each_image_are_kept() -> None:
    """Losses 1 3 2 of image 0, and 4 of image 1; two of each image."""
    rois = torch.tensor([0.0, 0, 1, 0]).reshape(4, 1, 1, 1).expand(4, 5, 1, 1)
    loss = torch.tensor([1.0, 3, 4, 2]).reshape(4, 1, 1, 1)
    label, weight = 10 * loss, loss.expand(4, 2, 1, 1)
    labels, weights = box_annotator_ohem(rois, loss, label, weight, 2, -1)
    assert labels.flatten().tolist() == [-1, 30, 40, 20]
    assert weights.flatten(1).tolist() == [[0, 0], [3, 3], [4, 4], [2, 2]]
    check_runs_everywhere(
        lambda a, b, c, d: box_annotator_ohem(a, b, c, d, 2), rois, loss, label, weight
    )


def test_positions_of_a_map_compete() -> None:
    rois, loss = torch.zeros(1, 5, 1, 4), torch.tensor([3.0, 1, 4, 2]).reshape(1, 1, 1, 4)
    labels, _ = box_annotator_ohem(rois, loss, loss, loss, 2)
    assert labels.flatten().tolist() == [3, -1, 4, -1]
