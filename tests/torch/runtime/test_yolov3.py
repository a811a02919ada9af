"""YOLO v3, by hand, and its loss as a loop over true boxes."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from caffetools.torch.runtime.yolov3 import (
    Yolov3Options,
    add_class,
    yolov3_detection_output,
    yolov3_loss,
)
from tests.torch.cases import gradients

LOG3 = math.log(3)


def test_a_row_for_each_class_of_a_box() -> None:
    """Object 3/4; classes 3/4 and 1/2 of the first cell, 1/2 and 1/4 of the second."""
    x = torch.zeros(1, 7, 1, 2)
    x[0, 4] = LOG3
    x[0, 5, 0, 0], x[0, 6, 0, 1] = LOG3, -LOG3
    options: dict[str, Any] = {"num_classes": 2, "biases": ((1.0, 1.0),)}
    rows = yolov3_detection_output(x, confidence_threshold=0.3, nms_threshold=1.1, **options)
    first, second = [0, 0, 0.5, 1], [0.5, 0, 1, 1]
    expected = torch.tensor([[0, 1, 9 / 16, *first], [0, 2, 3 / 8, *first], [0, 1, 3 / 8, *second]])
    torch.testing.assert_close(rows, expected.reshape(1, 1, 3, 7))
    # All classes compete: of each cell the best is left; 3/16 exceeds no threshold of 3/16.
    few = yolov3_detection_output(x, confidence_threshold=3 / 16, **options)
    assert few[0, 0, :, 1].tolist() == [1, 1]
    none = yolov3_detection_output(x, confidence_threshold=0.9, **options)
    assert none.flatten().tolist() == [0] + [-1] * 6
    assert yolov3_detection_output(x.to("meta"), **options).shape == (1, 1, 1, 7)


def test_maps_have_boxes_of_their_own() -> None:
    coarse, fine = torch.zeros(1, 6, 1, 1), torch.zeros(1, 6, 2, 2)
    fine[0, 4, 1, 1] = LOG3
    rows = yolov3_detection_output(
        coarse,
        fine,
        num_classes=1,
        biases=((0.5, 0.25), (1.0, 0.5)),
        confidence_threshold=0.24,
        nms_threshold=0.9,
    )
    boxes = rows[0, 0]
    assert boxes[0].tolist() == pytest.approx([0, 1, 3 / 8, 0.5, 0.625, 1, 0.875])
    assert boxes[1].tolist() == pytest.approx([0, 1, 1 / 4, 0.25, 0.375, 0.75, 0.625])
    assert len(boxes) == 1 + 1 + 3


def test_deviations_lower_the_score() -> None:
    """Deviations 1/2 each, 3/4 for the height: 1 - (3/2 + 3/4) / 4 = 7/16."""
    x = torch.zeros(1, 10, 1, 1)
    x[0, 7] = LOG3
    x[0, 6] = math.log(2)
    rows = yolov3_detection_output(x, num_classes=1, biases=((1.0, 0.5),), gaussian_box=True)
    assert rows.flatten().tolist() == pytest.approx([0, 1, 7 / 16 / 4, 0, 0, 1, 1])


BIASES = (1.0, 1.0, 1.5, 1.0, 0.5, 0.5)


def expected_slope(  # the layer's loops, over one image of 1 x 2 cells
    x: Tensor, truth: Tensor, mask: tuple[int, ...], iou_thresh: float, eps: float
) -> Tensor:
    slope = torch.zeros_like(x)
    height, width = x.shape[2:]

    def overlap(a: list[float], b: list[float]) -> float:
        sides = [
            min(a[i] + a[i + 2] / 2, b[i] + b[i + 2] / 2)
            - max(a[i] - a[i + 2] / 2, b[i] - b[i + 2] / 2)
            for i in (0, 1)
        ]
        shared = sides[0] * sides[1] if min(sides) > 0 else 0
        return shared / (a[2] * a[3] + b[2] * b[3] - shared)

    rows = [row for row in truth.tolist() if row[3]]
    size = 5 + 2
    for place, anchor in enumerate(mask):
        for j in range(height):
            for i in range(width):
                raw = x[0, place * size : (place + 1) * size, j, i]
                on = raw.sigmoid()
                box = [
                    (i + float(on[0])) / width,
                    (j + float(on[1])) / height,
                    math.exp(raw[2]) * BIASES[2 * anchor] / width,
                    math.exp(raw[3]) * BIASES[2 * anchor + 1] / height,
                ]
                best = max((overlap(box, row[1:]) for row in rows), default=0)
                slope[0, place * size + 4, j, i] = 0 if best > 0.2 else on[4]
    for label, cx, cy, w, h in rows:
        i, j = int(cx * width), int(cy * height)
        alike = [
            overlap([0, 0, w, h], [0, 0, BIASES[2 * n] / width, BIASES[2 * n + 1] / height])
            for n in range(3)
        ]
        best = alike.index(max(alike))
        number = mask.index(best) if best in mask else -1
        chosen = [number] if number >= 0 else []
        compared = number if number >= 0 else best
        near = [n for n in sorted(mask) if n != compared and alike[n] > iou_thresh]
        chosen += [mask.index(n) for n in near]
        for place in chosen:
            own = slope[0, place * size : (place + 1) * size, j, i]
            raw = x[0, place * size : (place + 1) * size, j, i]
            on = raw.sigmoid()
            scale = 5 * (2 - w * h)
            own[0] = scale * (on[0] - (cx * width - i))
            own[1] = scale * (on[1] - (cy * height - j))
            own[2] = scale * (raw[2] - math.log(w * width / BIASES[2 * mask[place]]))
            own[3] = scale * (raw[3] - math.log(h * height / BIASES[2 * mask[place] + 1]))
            own[4] = on[4] - 1
            labels = range(2) if own[5 + int(label)] == 0 else [int(label)]
            for n in labels:
                own[5 + n] = on[5 + n] - ((n == label) * (1 - eps) + eps / 2)
    return slope


@pytest.mark.parametrize("mask", [(0, 1), (1, 2), (2, 0)])
@pytest.mark.parametrize("iou_thresh", [0.1, 0.5, 1.0])
def test_loss(mask: tuple[int, ...], iou_thresh: float) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1, 14, 1, 2, generator=generator).requires_grad_()
    truth = torch.zeros(1, 1, 300, 5)
    truth[0, 0, 0] = torch.tensor([1, 0.7, 0.4, 0.5, 0.8])
    truth[0, 0, 1] = torch.tensor([0, 0.6, 0.5, 0.7, 0.9])  # the same cell
    truth[0, 0, 2] = torch.tensor([1, 0.2, 0.3, 0.2, 0.4])
    loss = yolov3_loss(x, truth, BIASES, mask, iou_thresh=iou_thresh)
    slope = expected_slope(
        x.detach(), truth[0, 0], mask, iou_thresh if iou_thresh < 1 else math.inf, 0.1
    )
    assert loss.item() == pytest.approx(float(slope.square().sum()))
    torch.testing.assert_close(gradients(2 * loss, x)[0], 2 * slope)
    logic = yolov3_loss(x, truth, BIASES, mask, iou_thresh=iou_thresh, use_logic_gradient=True)
    inner = x.detach().sigmoid() * (1 - x.detach().sigmoid())
    inner.reshape(2, 7, 1, 2)[:, 2:4] = 1
    torch.testing.assert_close(gradients(logic, x)[0], slope * inner)


def test_without_objects_all_is_background() -> None:
    x = torch.zeros(2, 7, 1, 1, requires_grad=True)
    loss = yolov3_loss(x, torch.zeros(2, 1500), (1.0, 1.0), (0,))
    assert loss.item() == 2 * 0.25 / 2
    assert gradients(loss, x)[0].flatten().tolist() == [0, 0, 0, 0, 0.25, 0, 0] * 2


def test_focal_loss() -> None:
    """Half of -(1 - p) (2 p log p + p - 1) at p = 1/2: (log(2) + 1/2) / 4."""
    options = Yolov3Options((0,), 1.0, 3.0, 1.0, 0.5, 0.5, use_focal_loss=True, label_smooth_eps=0)
    slope = torch.zeros(2)
    add_class(slope, torch.tensor([0.5, 0.5]), 1, options)
    focus = (math.log(2) + 0.5) / 4
    assert slope.tolist() == pytest.approx([1.5 * focus, -1.5 * focus])
    add_class(slope, torch.tensor([0.5, 0.5]), 1, options)
    assert slope.tolist() == pytest.approx([1.5 * focus, -1.5])
