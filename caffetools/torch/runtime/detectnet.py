"""DetectNet's boxes: from grids to lists, and their evaluation (NVIDIA/caffe, layers/detectnet).

A list is `(N, 50, 5)`: corners (x1, y1, x2, y2) in pixels and a number; unused rows are 0.
"""

import math

import torch
from torch import Tensor

from caffetools.torch.runtime.boxes import box_overlap

MAX_BOXES = 50


def as_list(rows: list[list[float]], like: Tensor) -> Tensor:
    """Return rows of up to 5 numbers as a list of one image, `(50, 5)`."""
    padded = [[*row, *[0.0] * (5 - len(row))] for row in rows[:MAX_BOXES]]
    blank = [[0.0] * 5] * (MAX_BOXES - len(padded))
    return like.new_tensor(padded + blank)


def blank_lists(coverage: Tensor) -> tuple[Tensor, ...]:
    """Return an empty list for each class, for the meta device."""
    items, classes = coverage.shape[:2]
    return coverage.new_empty(classes, items, MAX_BOXES, 5).unbind(0)


def grid_boxes(
    boxes: Tensor, chosen: Tensor, size: tuple[int, int], stride: int
) -> Tensor:
    """Return the boxes `(4, H, W)` of the chosen cells, `(K, 4)` in pixels of the image.

    `size` is the image's height and width; a box is relative to its cell.
    """
    rows, columns = (extent // stride for extent in size)
    places = chosen[:rows, :columns].nonzero()
    steps = boxes.new_tensor([size[1] / columns, size[0] / rows])
    found = boxes[:, places[:, 0], places[:, 1]].t()
    return found + (places.flip(1) * steps).repeat(1, 2)


@torch.no_grad()
def cluster_ground_truth(
    coverage: Tensor, boxes: Tensor, size: tuple[int, int], stride: int
) -> tuple[Tensor, ...]:
    """Return a list for each class of the different boxes of covered cells (clustering.py).

    Coverage is `(N, classes, H, W)`, boxes are `(N, 4, H, W)`. Caffe rounds to half precision.
    """
    if boxes.is_meta:
        return blank_lists(coverage)
    lists = []
    for own in coverage.unbind(1):
        found = [
            list(
                dict.fromkeys(
                    map(tuple, grid_boxes(each, cover > 0, size, stride).tolist())
                )
            )
            for cover, each in zip(own, boxes, strict=True)
        ]
        lists.append(
            torch.stack([as_list([[*row] for row in rows], boxes) for rows in found])
        )
    return tuple(each.half().to(boxes.dtype) for each in lists)


@torch.no_grad()
def cluster_detections(
    coverage: Tensor,
    boxes: Tensor,
    size: tuple[int, int],
    stride: int,
    *,
    threshold: float,
    group_threshold: int,
    eps: float,
    min_height: int,
) -> tuple[Tensor, ...]:
    """Return a list for each class of clusters of boxes, with the logarithm of their number.

    Boxes of cells whose coverage reaches `threshold` are grouped; groups of up to `group_threshold`
    boxes, and those lower than `min_height`, are left out (clustering.py).
    """
    if boxes.is_meta:
        return blank_lists(coverage)
    lists = []
    for own in coverage.unbind(1):
        images = []
        for cover, each in zip(own, boxes, strict=True):
            found = grid_boxes(each, cover >= threshold, size, stride)
            found = torch.cat([found[:, :2], found[:, 2:] - found[:, :2]], 1)
            rows = [
                [x, y, x + width, y + height, math.log(count)]
                for (x, y, width, height), count in grouped(found, group_threshold, eps)
                if height >= min_height
            ]
            images.append(as_list(rows if found.any() else [], boxes))
        lists.append(torch.stack(images).half().to(boxes.dtype))
    return tuple(lists)


def grouped(
    boxes: Tensor, group_threshold: int, eps: float
) -> list[tuple[tuple[int, int, int, int], int]]:
    """Return the mean of each group of similar boxes (x, y, width, height), and its size.

    Compute `cv2.groupRectangles`: a group inside a larger one is left out, too.
    """
    whole = boxes.trunc().double()
    if group_threshold <= 0 or not len(whole):
        return [(_whole(row), 1) for row in whole]
    edges = torch.cat([whole[:, :2], whole[:, :2] + whole[:, 2:]], 1)
    near = eps / 2 * torch.minimum(whole[:, None, 2:], whole[:, 2:]).sum(2)
    alike = ((edges[:, None] - edges).abs() <= near.unsqueeze(2)).all(2)
    alike = alike.fill_diagonal_(fill_value=True)
    # Labels are the first index of each connected component.
    label, last = torch.arange(len(whole), device=boxes.device), None
    while last is None or not torch.equal(label, last):
        last, label = label, torch.where(alike, label, len(whole)).amin(1)
    groups = []
    for first in torch.unique(label):
        own = whole[label == first]
        if len(own) > group_threshold:
            groups.append((_whole(own.sum(0).float() * (1 / len(own))), len(own)))
    return [
        (inner, count)
        for inner, count in groups
        if not any(
            inner is not outer
            and (other > max(3, count) or count < 3)
            and _within(inner, outer, eps)
            for outer, other in groups
        )
    ]


def _whole(row: Tensor) -> tuple[int, int, int, int]:
    x, y, width, height = (int(value) for value in row.round().tolist())
    return x, y, width, height


def _within(
    inner: tuple[int, int, int, int], outer: tuple[int, int, int, int], eps: float
) -> bool:
    return all(
        inner[axis] >= outer[axis] - round(outer[axis + 2] * eps)
        and inner[axis] + inner[axis + 2]
        <= outer[axis] + outer[axis + 2] + round(outer[axis + 2] * eps)
        for axis in (0, 1)
    )


@torch.no_grad()
def score_detections(truth: Tensor, found: Tensor) -> Tensor:
    """Return a list of hits (1), false alarms (2) and misses (3) (mean_ap.py).

    A true box is hit by the first free detection whose overlap is at least 0.7.
    """
    if truth.is_meta:
        return truth.new_empty(len(truth), MAX_BOXES, 5)
    images = []
    for real, boxes in zip(truth[..., :4], found[..., :4], strict=True):
        wanted, given = real[real.any(1)], boxes[boxes.any(1)]
        free = torch.ones(len(given), dtype=torch.bool, device=found.device)
        missed = []
        for box in wanted:
            hits = (box_overlap(box, given) >= 0.7) & free
            if hits.any():
                free[hits.long().argmax()] = False
            else:
                missed.append([*box.tolist(), 3.0])
        rows = [[*row, 1.0] for row in given[~free].tolist()]
        rows += [[*row, 2.0] for row in given[free].tolist()]
        images.append(as_list(rows + missed, truth))
    return torch.stack(images)


def mean_average_precision(scored: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the product of precision and recall, precision and recall in percent, `(1,)` each.

    The input are lists of `score_detections` (mean_ap.py).
    """
    hits, alarms, misses = (
        (scored[..., 4] == kind).sum().reshape(1) for kind in (1, 2, 3)
    )
    precision, recall = (
        100.0 * hits / (hits + others).clamp(min=1) for others in (alarms, misses)
    )
    return precision * recall / 100, precision, recall
