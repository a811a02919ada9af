"""DetectNet's boxes, by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from caffetools.torch.runtime.detectnet import (
    MAX_BOXES,
    cluster_detections,
    cluster_ground_truth,
    grouped,
    mean_average_precision,
    score_detections,
)

SIZE, STRIDE = (20, 40), 10
"""Two rows of four cells."""


def grid(*cells: tuple[int, int, float, list[float]]) -> tuple[Tensor, Tensor]:
    """Coverage and boxes of one class; cells are (row, column, coverage, corners in pixels)."""
    coverage, boxes = torch.zeros(1, 1, 2, 4), torch.zeros(1, 4, 2, 4)
    for row, column, cover, corners in cells:
        coverage[0, 0, row, column] = cover
        place = [column * STRIDE, row * STRIDE] * 2
        boxes[0, :, row, column] = torch.tensor(corners) - torch.tensor(place)
    return coverage, boxes


def options(**changed: int) -> dict[str, Any]:
    return {"threshold": 0.5, "group_threshold": 1, "eps": 0.1, "min_height": 1} | changed


def rows(lists: Tensor) -> list[list[float]]:
    assert lists.shape == (1, MAX_BOXES, 5)
    return [row.tolist() for row in lists[0] if row.any()]


def test_ground_truth() -> None:
    """The cells of one object have one box; 12.3 is 12.296875 in half precision."""
    one, other = [5.0, 2, 15, 12.3], [20.0, 0, 40, 20]
    cells = grid((0, 0, 1, one), (0, 1, 0.1, one), (1, 3, 1, other), (1, 2, 0, one))
    (found,) = cluster_ground_truth(*cells, SIZE, STRIDE)
    assert rows(found) == [[5, 2, 15, 12.296875, 0], [*other, 0]]
    two = cluster_ground_truth(cells[0].expand(-1, 2, -1, -1), cells[1], SIZE, STRIDE)
    assert [rows(each) for each in two] == [rows(found)] * 2
    nothing = cluster_ground_truth(torch.zeros(1, 1, 2, 4), cells[1], SIZE, STRIDE)
    assert rows(nothing[0]) == []


def test_detections() -> None:
    """Three boxes 20 wide and high, each 1 from the next; delta 0.1 (20 + 20) / 2 = 2."""
    cells = grid(
        (0, 0, 0.9, [0.0, 0, 20, 20]),
        (0, 1, 0.9, [1.0, 0, 21, 20]),
        (1, 0, 0.5, [2.0, 0, 22, 20]),
        (1, 1, 0.4, [9.0, 0, 29, 20]),  # not covered enough
        (1, 3, 0.9, [30.0, 5, 40, 10]),  # alone
    )
    (found,) = cluster_detections(*cells, SIZE, STRIDE, **options(min_height=10))
    assert rows(found) == [[1, 0, 21, 20, pytest.approx(math.log(3), abs=1e-3)]]
    (low,) = cluster_detections(*cells, SIZE, STRIDE, **options(min_height=21))
    assert rows(low) == []
    (none,) = cluster_detections(torch.zeros(1, 1, 2, 4), cells[1], SIZE, STRIDE, **options())
    assert rows(none) == []
    # Without a threshold nothing is grouped: log(1) = 0.
    (single,) = cluster_detections(
        *cells, SIZE, STRIDE, **options(group_threshold=0, min_height=10)
    )
    assert rows(single) == [[0, 0, 20, 20, 0], [1, 0, 21, 20, 0], [2, 0, 22, 20, 0]]


def test_chains_are_one_group() -> None:
    """Each is 2 from the next, delta 2; the mean of 0 2 4 6 is 3, that of 0 and 1 is 0."""
    chain = torch.tensor([[0.0, 0, 20, 20], [4, 0, 20, 20], [2, 0, 20, 20], [6, 0, 20, 20]])
    assert grouped(chain, 1, 0.1) == [((3, 0, 20, 20), 4)]
    pair = torch.tensor([[0.9, 0, 20, 20.5], [1, 0, 20, 20]])
    assert grouped(pair, 1, 0.1) == [((0, 0, 20, 20), 2)]
    apart = torch.tensor([[0.0, 0, 20, 20], [2.1, 0, 20, 20], [3, 0, 20, 20]])
    assert grouped(apart, 1, 0.05) == [((2, 0, 20, 20), 2)]
    assert grouped(torch.zeros(0, 4), 1, 0.1) == []


def test_a_group_inside_a_larger_one_is_left_out() -> None:
    outer = torch.tensor([[0.0, 0, 40, 40]] * 4)
    inner = torch.tensor([[10.0, 10, 10, 10]] * 3)
    assert grouped(torch.cat([inner, outer]), 1, 0.1) == [((0, 0, 40, 40), 4)]
    # 4 > max(3, 4) is false: as many boxes keep the inner group.
    both = [((10, 10, 10, 10), 4), ((0, 0, 40, 40), 4)]
    assert grouped(torch.cat([inner[:1], inner, outer]), 1, 0.1) == both
    # Beyond the border of 40 * 0.1.
    moved = inner + torch.tensor([25.0, 0, 0, 0])
    assert len(grouped(torch.cat([moved, outer]), 1, 0.1)) == 2


def test_scores() -> None:
    """The first detection hits the first box, the second is a repeat, the second box is missed."""
    truth, found = torch.zeros(2, 1, MAX_BOXES, 5)
    truth[0, :2, :4] = torch.tensor([[0.0, 0, 10, 10], [50, 50, 60, 60]])
    found[0, :2, :4] = torch.tensor([[0.0, 0, 10, 8], [0, 0, 10, 9]])
    found[0, :2, 4] = 1.5
    scored = score_detections(truth, found)
    assert rows(scored) == [[0, 0, 10, 8, 1], [0, 0, 10, 9, 2], [50, 50, 60, 60, 3]]
    measures = [each.tolist() for each in mean_average_precision(scored)]
    assert measures == [[25], [50], [50]]
    assert [each.item() for each in mean_average_precision(torch.zeros(1, 50, 5))] == [0, 0, 0]
    assert rows(score_detections(truth, torch.zeros_like(found)))[0][4] == 3


def test_shapes_on_the_meta_device() -> None:
    coverage, boxes = torch.zeros(2, 3, 2, 4, device="meta"), torch.zeros(2, 4, 2, 4, device="meta")
    for lists in (
        cluster_ground_truth(coverage, boxes, SIZE, STRIDE),
        cluster_detections(coverage, boxes, SIZE, STRIDE, **options()),
    ):
        assert [each.shape for each in lists] == [(2, MAX_BOXES, 5)] * 3
    assert score_detections(lists[0], lists[1]).shape == (2, MAX_BOXES, 5)
