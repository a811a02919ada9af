"""SSD's DetectionOutput and DetectionEvaluate."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.boxes import box_overlap, decode_boxes, suppress_overlaps


@torch.no_grad()
def detection_output(  # noqa: PLR0913
    loc: Tensor,
    conf: Tensor,
    prior: Tensor,
    num_classes: int,
    *,
    share_location: bool = True,
    background_label_id: int = 0,
    code_type: str = "CORNER",
    variance_encoded_in_target: bool = False,
    nms_threshold: float = 0.3,
    eta: float = 1.0,
    top_k: int | None = None,
    keep_top_k: int | None = None,
    confidence_threshold: float = -math.inf,
) -> Tensor:
    """Decode boxes, apply non-maximum suppression per class and keep the best of each image.

    Inputs: loc `(N, P * 4)`, or `(N, P * num_classes * 4)` without `share_location`; conf
    `(N, P * num_classes)`; prior `(1, 2, P * 4)`. Output: `(1, 1, D, 7)` with rows `(image, label,
    score, xmin, ymin, xmax, ymax)`, sorted by image, label and score. Scores must exceed the
    threshold. An image without detections has no row; if no image has any, the rows are `(image,
    -1, ...)` (detection_output_layer.cpp, weiliu89/caffe).
    """
    if loc.is_meta:  # the shape in Caffe before the first forward pass
        return loc.new_empty(1, 1, 1, 7)
    images = loc.size(0)
    labels = [label for label in range(num_classes) if label != background_label_id]
    priors, variances = prior.reshape(2, -1, 1, 4)
    if variance_encoded_in_target:
        variances = torch.ones_like(variances)
    codes = loc.reshape(images, priors.size(0), -1, 4)
    boxes = decode_boxes(codes, priors, variances, code_type).transpose(1, 2)
    boxes = (
        boxes.expand(-1, len(labels), -1, -1) if share_location else boxes[:, labels]
    )
    scores = conf.reshape(images, -1, num_classes).transpose(1, 2)[:, labels]
    ranked = torch.where(scores > confidence_threshold, scores, -torch.inf)
    order = ranked.sort(dim=-1, descending=True, stable=True)[1][..., :top_k]
    boxes = boxes.gather(2, order.unsqueeze(-1).expand(-1, -1, -1, 4))
    scores = scores.gather(2, order)
    valid = (scores > confidence_threshold).flatten(0, 1)
    keep = suppress_overlaps(boxes.flatten(0, 1), valid, nms_threshold, eta)
    ranked = torch.where(keep.reshape(scores.shape), scores, -torch.inf).flatten(1)
    order = ranked.sort(dim=1, descending=True, stable=True)[1][:, :keep_top_k]
    best = torch.zeros_like(ranked, dtype=torch.bool).scatter(1, order, value=True)
    keep = keep.flatten() & best.flatten()
    image = torch.arange(images, dtype=scores.dtype, device=scores.device)
    ids = torch.cartesian_prod(image, scores.new_tensor(labels)).view(images, -1, 1, 2)
    rows = torch.cat([ids.expand(*scores.shape, 2), scores.unsqueeze(-1), boxes], -1)
    # These rows, one per image, appear only if nothing is kept.
    rows = torch.cat([rows.view(-1, 7), F.pad(image.unsqueeze(1), (0, 6), value=-1.0)])
    shown = torch.cat([keep, (~keep.any()).expand(images)])
    return rows[shown].reshape(1, 1, -1, 7)


@torch.no_grad()
def detection_evaluate(
    detections: Tensor,
    truth: Tensor,
    num_classes: int,
    background_label_id: int = 0,
    overlap_threshold: float = 0.5,
    *,
    evaluate_difficult_gt: bool = True,
) -> Tensor:
    """Mark detections as true or false positives, `(..., 7), (..., 8) -> (1, 1, rows, 5)`.

    Rows of `detections` are `(image, label, score, box)`, those of `truth` are `(image, label,
    instance, box, difficult)` up to the first row with image -1. The output has a row `(-1, class,
    count of ground truth boxes, -1, -1)` per class, then a row `(image, label, score, true
    positive, false positive)` per detection, sorted by image, label and score. A detection of a
    difficult box that is not evaluated is neither (detection_evaluate_layer.cpp, weiliu89/caffe).
    """
    found, real = detections.reshape(-1, 7), truth.reshape(-1, 8)
    labels = [label for label in range(num_classes) if label != background_label_id]
    head = found.new_full((len(labels), 5), -1)
    head[:, 1] = found.new_tensor(labels)
    if found.is_meta:
        return torch.cat([head, found[:, :5]]).reshape(1, 1, -1, 5)
    read = (real[:, 0] != -1).cumprod(0) > 0
    counted = read if evaluate_difficult_gt else read & (real[:, 7] == 0)
    head[:, 2] = ((real[:, 1] == head[:, 1:2]) & counted).sum(1)

    # Detections are sorted by score only if their image has ground truth of their label.
    known = ((found[:, None, :2] == real[None, :, :2]).all(-1) & read).any(1)
    found = found[torch.where(known, -found[:, 2], 0).sort(stable=True)[1]]
    for column in (1, 0):
        found = found[found[:, column].sort(stable=True)[1]]
    same = (found[:, None, :2] == real[None, :, :2]).all(-1) & read
    overlap = box_overlap(found[:, None, 3:7], real[None, :, 3:7])
    overlap = torch.where(same, overlap, -1)
    best, which = overlap.max(1)
    hit = best >= overlap_threshold
    plain = hit & counted[which]
    # Of several detections of one box, the first is the true positive.
    rank = torch.arange(found.size(0), device=found.device)
    first = rank.new_zeros(real.size(0)) + found.size(0)
    candidate = torch.where(plain, rank, found.size(0))
    first = first.scatter_reduce(0, which, candidate, "amin")
    right = plain & (first[which] == rank)
    wrong = ~hit | (plain & ~right)
    marks = torch.stack([right, wrong], 1).to(found.dtype)
    labelled = (found[:, :2] != -1).all(1)
    rows = torch.cat([found[:, :3], marks], 1)[labelled]
    return torch.cat([head, rows]).reshape(1, 1, -1, 5)
