"""YOLO v2, by hand: one cell or two, boxes as large as a cell."""

from __future__ import annotations

import math

import pytest
import torch

from caffetools.torch.runtime.yolo import (
    cells,
    corners,
    eval_detection,
    first_of_overlaps,
    region_boxes,
    region_loss,
    yolo_detection_output,
)
from tests.torch.cases import gradients

BIASES = (1.0, 1.0)


def predictions(*rows: list[float]) -> torch.Tensor:
    """A map of one row of cells, (1, K, 1, len(rows))."""
    return torch.tensor(rows).t().reshape(1, -1, 1, len(rows))


def test_boxes() -> None:
    """Around the middle of the second of two cells, twice as high as a cell."""
    x = predictions([0.0, 0, 0, 0, 0, 0], [0, 0, 0, math.log(2), 0, 0])
    split = cells(x, 1)
    assert split.shape == (1, 1, 2, 1, 6)
    boxes = region_boxes(split, BIASES).reshape(2, 4)
    torch.testing.assert_close(boxes, torch.tensor([[0.25, 0.5, 0.5, 1], [0.75, 0.5, 0.5, 2]]))
    assert corners(boxes)[0].tolist() == [0, 0, 0.5, 1]
    two = region_boxes(cells(torch.zeros(1, 12, 1, 1), 2), (1.0, 2, 3, 4))
    assert two[0, 0, 0, :, 2:].tolist() == [[1, 2], [3, 4]]


def test_an_equal_overlap_is_suppressed() -> None:
    boxes = torch.tensor([[0.5, 0.5, 1, 1], [0.5, 0.75, 1, 0.5], [0.5, 0.5, 1, 1]])
    valid = torch.tensor([True, True, False])
    assert first_of_overlaps(boxes, valid, 0.5).tolist() == [True, False, False]
    assert first_of_overlaps(boxes, valid, 0.51).tolist() == [True, True, False]


def test_detections() -> None:
    """Scores of 1/2 times 3/4 and 1/2 times 1/4, of classes 2 and 1; both boxes are apart."""
    log3 = math.log(3)
    x = predictions([0.0, 0, 0, 0, 0, 0, log3], [0, 0, 0, 0, -log3, 0, 0])
    rows = yolo_detection_output(x, num_classes=2, biases=BIASES)
    expected = torch.tensor([[0, 2, 3 / 8, 0, 0, 0.5, 1], [0, 1, 1 / 8, 0.5, 0, 1, 1]])
    torch.testing.assert_close(rows, expected.reshape(1, 1, 2, 7))
    options = {"num_classes": 2, "biases": BIASES}
    few = yolo_detection_output(x, confidence_threshold=0.2, **options)  # type: ignore[arg-type]
    assert few.shape == (1, 1, 1, 7)
    twice = yolo_detection_output(x, x, **options)  # type: ignore[arg-type]
    assert twice.shape == (1, 1, 2, 7)
    none = yolo_detection_output(x, confidence_threshold=0.9, **options)  # type: ignore[arg-type]
    assert none.flatten().tolist() == [0] + [-1] * 6
    assert yolo_detection_output(x.to("meta"), **options).shape == (1, 1, 1, 7)  # type: ignore[arg-type]


TRUTH = torch.tensor([[0.0, 2, 0, 0.5, 0.25, 1, 0.75, 0], [-1.0] * 8])
"""An object of class 1 (of 0 and 1) in the middle of the second of two cells, half as high."""


def test_region_loss() -> None:
    x = predictions([0.0] * 7, [0.0, 0, 0, 0, 0, 0, math.log(3)]).requires_grad_()
    loss = region_loss(x, TRUTH, 2, BIASES, thresh=0.6)
    # Without an object: 0.5 * 1/2 * 1/2 * 1/2. With it: 2 * (1/2)^3 * 1/2 * 1/2; the box has the
    # right place and width, and log(2) more height, times 5; classes 1/4 and 3/4 - 1.
    other, own = 1 / 16, -1 / 16
    slope = [0, 0, 0, 5 * math.log(2), own, 1 / 4, -1 / 4]
    expected = [0.0] * 4 + [other, 0, 0]
    assert loss.item() == pytest.approx(sum(each**2 for each in (*slope, other)))
    (gradient,) = gradients(3 * loss, x)
    found = gradient[0, :, 0].t()
    torch.testing.assert_close(found, 3 * torch.tensor([expected, slope]))


def test_an_overlap_beyond_the_threshold_is_no_background() -> None:
    x = torch.zeros(2, 7, 1, 2, requires_grad=True)
    near = TRUTH.clone()
    near[0, 3:7] = torch.tensor([0.1, 0.0, 0.5, 1])  # covers 4/5 of the first cell
    (gradient,) = gradients(region_loss(x, near, 2, BIASES, thresh=0.5), x)
    assert gradient[0, 4, 0].tolist() == pytest.approx([-1 / 32, 1 / 32])
    assert gradient[1, 4, 0].tolist() == pytest.approx([1 / 32] * 2)


def test_a_centre_on_the_edge_belongs_to_the_last_cell() -> None:
    edge = TRUTH.clone()
    edge[0, 3:7] = torch.tensor([1.0, 1, 1, 1])
    edge[0, 3:7] += torch.tensor([-0.1, -0.1, 0.1, 0.1])
    x = torch.zeros(1, 7, 1, 2, requires_grad=True)
    (gradient,) = gradients(region_loss(x, edge, 2, BIASES), x)
    assert gradient[0, 5:, 0].abs().sum(0).tolist() == [0, 1]  # 1/2 and 1/2 - 1


def test_the_best_box_of_a_cell() -> None:
    """Sizes of 1 x 1 and 1 x 0.5 cells: the second is the true one."""
    x = torch.zeros(1, 14, 1, 2, requires_grad=True)
    for bias_match in (True, False):
        loss = region_loss(x, TRUTH, 2, (1.0, 1, 1, 0.5), bias_match=bias_match, thresh=0.9)
        (gradient,) = gradients(loss, x)
        assert gradient[0, [2, 3, 9, 10], 0, 1].abs().max() == 0
        assert gradient[0, [5, 12], 0, 1].tolist() == [0, 0.5]


def test_evaluation() -> None:
    """Three detections: the object, the object again and another class."""
    log3 = math.log(3)
    x = torch.zeros(1, 14, 1, 2)
    x[0, [5, 12], 0, 0] = log3  # both boxes of the first cell: class 0, apart from the object
    x[0, [6, 13], 0, 1] = log3
    x[0, 4] = 1
    result = eval_detection(x, TRUTH, 2, (1.0, 0.5, 1, 0.6), threshold=0.5, nms=0.95)
    assert result.shape == (1, 2 + 4 * 4)
    marks = result[0, 2:].reshape(4, 4)
    high, low = 3 / 4 / (1 + math.exp(-1)), 3 / 8
    assert result[0, :2].tolist() == [0, 1]
    assert marks[:, 0].tolist() == [0, 0, 1, 1]
    assert marks[:, 1].tolist() == pytest.approx([high, low, high, low])
    assert marks[:, 2:].tolist() == [[0, 1], [0, 1], [1, 0], [0, 1]]
    assert eval_detection(x, TRUTH, 2, (1.0, 0.5, 1, 0.6)).flatten().tolist() == [0, 1] + [0] * 16
    kinds = [
        eval_detection(x, TRUTH, 2, (1.0, 0.5, 1, 0.6), nms=0.95, score_type=kind)[0, 3]
        for kind in ("OBJ", "PROB")
    ]
    assert kinds[0] == pytest.approx(1 / (1 + math.exp(-1)))
    assert kinds[1] == pytest.approx(3 / 4)
