"""SSD's DetectionEvaluate: which detections are right."""

import torch
from torch import Tensor

from caffetools.torch.runtime.boxes import box_overlap


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
    """Compare detections, ... x 7, with the ground truth, ... x 8: -> 1 x 1 x rows x 5.

    A row of detections is image, label, score and box; a row of truth is image, label, an
    instance, box and whether it is difficult, and reading stops at the first of image -1. The
    result has a row [-1, class, number of true boxes, -1, -1] for each class and then, ordered by
    image, label and score, a row [image, label, score, right, wrong] for each detection; one that
    finds a difficult box that does not count is neither
    (detection_evaluate_layer.cpp of weiliu89/caffe).
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

    # Only where an image has true boxes of the label are the detections sorted by score.
    known = ((found[:, None, :2] == real[None, :, :2]).all(-1) & read).any(1)
    found = found[torch.where(known, -found[:, 2], 0).sort(stable=True)[1]]
    for column in (1, 0):
        found = found[found[:, column].sort(stable=True)[1]]
    same = (found[:, None, :2] == real[None, :, :2]).all(-1) & read
    overlap = torch.where(
        same, box_overlap(found[:, None, 3:7], real[None, :, 3:7]), -1
    )
    best, which = overlap.max(1)
    hit = best >= overlap_threshold
    plain = hit & counted[which]
    # Of the detections that find the same box the first is right.
    rank = torch.arange(found.size(0), device=found.device)
    first = rank.new_zeros(real.size(0)) + found.size(0)
    first = first.scatter_reduce(
        0, which, torch.where(plain, rank, found.size(0)), "amin"
    )
    right = plain & (first[which] == rank)
    wrong = ~hit | (plain & ~right)
    marks = torch.stack([right, wrong], 1).to(found.dtype)
    rows = torch.cat([found[:, :3], marks], 1)[
        (found[:, 0] != -1) & (found[:, 1] != -1)
    ]
    return torch.cat([head, rows]).reshape(1, 1, -1, 5)
