"""YOLO v2: boxes `(x, y, width, height)` in fractions of the image, around their centre."""

import torch
from torch import Tensor

from caffetools.torch.runtime.base import with_gradient_of
from caffetools.torch.runtime.boxes import box_overlap, suppress_overlaps


def corners(boxes: Tensor) -> Tensor:
    """Return `(xmin, ymin, xmax, ymax)` of boxes, `(..., 4)`."""
    half = boxes[..., 2:] / 2
    return torch.cat([boxes[..., :2] - half, boxes[..., :2] + half], -1)


def cells(x: Tensor, count: int) -> Tensor:
    """Split predictions `(N, count * K, H, W)` into `(N, H, W, count, K)`."""
    return x.reshape(x.size(0), count, -1, *x.shape[2:]).permute(0, 3, 4, 1, 2)


def region_boxes(split: Tensor, biases: tuple[float, ...]) -> Tensor:
    """Return the boxes of `cells`, `(N, H, W, count, 4)`; `biases` are sizes in cells."""
    height, width = split.shape[1:3]
    x, y = (torch.arange(size, device=split.device) for size in (width, height))
    place = torch.cartesian_prod(y, x).flip(1).reshape(1, height, width, 1, 2)
    grid = split.new_tensor([width, height])
    sizes = split.new_tensor(biases).reshape(-1, 2)
    return torch.cat(
        [
            (place + split[..., :2].sigmoid()) / grid,
            split[..., 2:4].exp() * sizes / grid,
        ],
        -1,
    )


def first_of_overlaps(boxes: Tensor, valid: Tensor, threshold: float) -> Tensor:
    """Return a mask `(K,)` of sorted boxes whose overlap with all kept before is below."""
    # Suppression keeps a box whose overlap is equal to its limit.
    below = torch.nextafter(torch.tensor(threshold), torch.tensor(-torch.inf)).item()
    keep: Tensor = suppress_overlaps(
        corners(boxes).unsqueeze(0), valid.unsqueeze(0), below, 1.0
    )
    return keep[0]


@torch.no_grad()
def yolo_detection_output(
    *maps: Tensor,
    num_classes: int,
    biases: tuple[float, ...],
    confidence_threshold: float = 0.01,
    nms_threshold: float = 0.45,
) -> Tensor:
    """Return rows `(0, class + 1, confidence, box)` by confidence, `(1, 1, R, 7)`.

    `maps` are one or two predictions `(N, count * (5 + num_classes), H, W)`. All classes and
    images compete, and image numbers are 0; without detections there is a row `(image, -1, ...)`
    for each image (yolo_detection_output_layer.cpp, eric612/MobileNet-YOLO).
    """
    if maps[0].is_meta:
        return maps[0].new_empty(1, 1, 1, 7)
    boxes, chances, labels = [], [], []
    for each in maps:
        split = cells(each, len(biases) // 2)
        best, label = split[..., 5 : 5 + num_classes].softmax(-1).max(-1)
        chance = split[..., 4].sigmoid() * best
        chosen = chance >= confidence_threshold
        boxes.append(region_boxes(split, biases)[chosen])
        chances.append(chance[chosen])
        labels.append(label[chosen])
    found = torch.cat(boxes), torch.cat(chances), torch.cat(labels)
    return detection_rows(*found, nms_threshold, maps[0].size(0))


def detection_rows(
    boxes: Tensor, scores: Tensor, labels: Tensor, nms_threshold: float, images: int
) -> Tensor:
    """Return rows `(0, label + 1, score, corners)` of the boxes that others do not suppress.

    Without any, `(image, -1, ...)` for each image.
    """
    score, order = scores.sort(descending=True, stable=True)
    found = boxes[order]
    keep = first_of_overlaps(found, torch.ones_like(order) > 0, nms_threshold)
    names = (labels[order] + 1).to(score.dtype)
    rows = torch.cat(
        [torch.stack([torch.zeros_like(score), names, score], 1), corners(found)], 1
    )
    nothing = torch.full((images, 7), -1.0, device=score.device)
    nothing[:, 0] = torch.arange(nothing.size(0), device=score.device)
    # ONNX has no `any` of an empty mask.
    shown = torch.cat([keep, (keep.sum() == 0).expand(images)])
    return torch.cat([rows, nothing])[shown].reshape(1, 1, -1, 7)


def region_loss(  # noqa: PLR0913
    x: Tensor,
    truth: Tensor,
    num_class: int,
    biases: tuple[float, ...],
    *,
    bias_match: bool = True,
    object_scale: float = 1.0,
    noobject_scale: float = 0.5,
    class_scale: float = 1.0,
    coord_scale: float = 5.0,
    thresh: float = 0.2,
) -> Tensor:
    """Compute YOLO v2's loss: the sum of the squares of its own gradient.

    Inputs: predictions `(N, count * (5 + num_class), H, W)` and true boxes `(..., 8)`, rows
    `(image, class + 1, instance, corners, difficult)`. The gradient is divided by N
    (region_loss_layer.cpp, intel/caffe).
    """
    slope = region_slope(
        cells(x.detach(), len(biases) // 2),
        truth.reshape(-1, 8).tolist(),
        num_class,
        biases,
        (bias_match, object_scale, noobject_scale, class_scale, coord_scale, thresh),
    )
    gradient = slope.permute(0, 3, 4, 1, 2).reshape(x.shape)
    return with_gradient_of(slope.square().sum(), (gradient * x).sum() / x.size(0))


def region_slope(
    split: Tensor,
    truth: list[list[float]],
    num_class: int,
    biases: tuple[float, ...],
    options: tuple[bool, float, float, float, float, float],
) -> Tensor:
    """Return the gradient of `region_loss` for `cells`; a later true box overwrites an earlier."""
    bias_match, object_scale, noobject_scale, class_scale, coord_scale, thresh = options
    height, width = split.shape[1:3]
    grid = split.new_tensor([width, height])
    sizes = split.new_tensor(biases).reshape(-1, 2)
    boxes = region_boxes(split, biases)
    chance, chances = split[..., 4].sigmoid(), split[..., 5 : 5 + num_class].softmax(-1)
    slope = torch.zeros_like(split)
    slope[..., 4] = noobject_scale * chance.square() * (1 - chance)
    rows = [row for row in truth if row[0] != -1]
    for row in rows:
        image, real = int(row[0]), split.new_tensor(row[3:7])
        near = box_overlap(corners(boxes[image]), real) > thresh
        slope[image][..., 4][near] = 0
    for row in rows:
        low, high = split.new_tensor(row[3:5]), split.new_tensor(row[5:7])
        place, size = (low + high) / 2 * grid, (high - low) * grid
        # Of a centre on the right or lower edge, Caffe reads beyond the row or the map.
        column, line = place.long().minimum(grid.long() - 1).tolist()
        image = int(row[0])
        spans = sizes if bias_match else boxes[image, line, column, :, 2:] * grid
        shared = torch.minimum(spans, size).prod(1)
        best = int((shared / (spans.prod(1) + size.prod() - shared)).argmax())
        cell, own = split[image, line, column, best], slope[image, line, column, best]
        inner = cell[:2].sigmoid()
        moved = (place - place.trunc() - inner).clamp(-1, 1)
        own[:2] = -coord_scale * moved * inner * (1 - inner)
        own[2:4] = -coord_scale * ((size / sizes[best]).log() - cell[2:4]).clamp(-1, 1)
        missing = 1 - chance[image, line, column, best]
        own[4] = -object_scale * 2 * missing**3 * (1 - missing) * missing
        own[5 : 5 + num_class] = class_scale * chances[image, line, column, best]
        own[4 + int(row[1])] -= class_scale
    return slope


@torch.no_grad()
def eval_detection(
    x: Tensor,
    truth: Tensor,
    num_class: int,
    biases: tuple[float, ...],
    *,
    threshold: float = 0.5,
    score_type: str = "MULTIPLY",
    nms: float = -1.0,
) -> Tensor:
    """Count the true boxes of each class, and mark detections as true or false positives.

    A row `(num_class + H * W * count * 4,)` has the counts, then `(class, score, true, false)` for
    each detection, by class and score; the rest is 0. Without `nms`, Caffe marks nothing
    (eval_detection_layer.cpp, intel/caffe).
    """
    split = cells(x, len(biases) // 2)
    boxes = region_boxes(split, biases).flatten(1, 3)
    best, label = split[..., 5 : 5 + num_class].softmax(-1).max(-1)
    scores = {"OBJ": split[..., 4].sigmoid(), "PROB": best}
    score = scores.get(score_type, scores["OBJ"] * best).flatten(1)
    results = x.new_zeros(x.size(0), num_class + 4 * score.size(1))
    rows = truth.reshape(-1, 8)
    for image, result in enumerate(results):
        real = rows[rows[:, 0] == image]
        classes = real[:, 1].long() - 1
        result[:num_class] += torch.bincount(classes, minlength=num_class)[:num_class]
        ranked, order = score[image].sort(descending=True, stable=True)
        keep = first_of_overlaps(boxes[image, order], torch.ones_like(order) > 0, nms)
        keep = keep & (ranked >= 0.005) & (nms >= 0)
        order = order[keep]
        order = order[label[image].flatten()[order].sort(stable=True)[1]]
        found: set[int] = set()
        for number, index in enumerate(order.tolist()):
            name = int(label[image].flatten()[index])
            overlap = box_overlap(corners(boxes[image, index]), real[:, 3:7])
            overlap = torch.where(classes == name, overlap, -1)
            which = int(overlap.argmax()) if overlap.numel() else -1
            right = which >= 0 and bool(overlap[which] >= threshold)
            marks = (right and which not in found, not right or which in found)
            found |= {which} if right else set()
            start = num_class + 4 * number
            mark = result.new_tensor([name, float(score[image, index]), *marks])
            result[start : start + 4] = mark
    return results
