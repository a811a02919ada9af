"""How SSD's MultiBoxLoss assigns true boxes to predictions, and which it then learns from.

The rules are those of MatchBBox and MineHardExamples (bbox_util.cpp of weiliu89/caffe, branch ssd).
"""

import torch
from torch import Tensor

from caffetools.torch.runtime.boxes import box_area, box_overlap, suppress_overlaps
from caffetools.torch.runtime.operators import operator_name


@torch.library.custom_op(operator_name("match_boxes"), mutates_args=())
def match_boxes(
    boxes: Tensor,
    truth: Tensor,
    belongs: Tensor,
    overlap_threshold: float,
    per_prediction: bool,
    ignore_cross_boundary: bool,
) -> tuple[Tensor, Tensor]:
    """Match each image's boxes, N x P x 4, with those true boxes, G x 4, that `belongs`, N x G.

    Return the index of each box's true box, -1 for none and -2 for a box that reaches beyond the
    image and is left out, and its overlap, both N x P. First the pair that overlaps most, then the
    most of what is left, until each true box has its own; then, with `per_prediction`, each box
    that overlaps one by the threshold or more. An operator of its own, for its loops.
    """
    matches = torch.full(boxes.shape[:2], -1, dtype=torch.long, device=boxes.device)
    overlaps = boxes.new_zeros(boxes.shape[:2])
    for image, own in enumerate(belongs):
        names = own.nonzero().flatten()
        if names.numel() == 0:
            continue
        overlap = box_overlap(boxes[image].unsqueeze(1), truth[names])
        match, best = matches[image], overlaps[image]
        if ignore_cross_boundary:
            crossing = ((boxes[image] < 0) | (boxes[image] > 1)).any(1)
            match[crossing] = -2
            overlap[crossing] = 0
        overlap[overlap <= 1e-6] = 0
        best.copy_(overlap.amax(1))
        free = overlap.clone()
        for _ in range(names.numel()):
            box, name = divmod(int(free.argmax()), names.numel())
            if free[box, name] == 0:
                break
            match[box], best[box] = names[name], overlap[box, name]
            free[box], free[:, name] = 0, 0
        if per_prediction:
            most, name = overlap.max(1)
            near = (match == -1) & (most > 0) & (most >= overlap_threshold)
            match[near] = names[name[near]]
    return matches, overlaps


@match_boxes.register_fake
def match_boxes_shape(boxes: Tensor, *_: object) -> tuple[Tensor, Tensor]:
    """Return results without values, for `torch.compile` and the meta device."""
    return boxes.new_empty(boxes.shape[:2], dtype=torch.long), boxes.new_empty(
        boxes.shape[:2]
    )


def hardest(loss: Tensor, eligible: Tensor, count: Tensor) -> Tensor:
    """Say for each image which `count` of the eligible examples have the largest loss, N x P."""
    order = torch.where(eligible, loss, -torch.inf).sort(
        dim=1, descending=True, stable=True
    )[1]
    return eligible & (rank_of(order) < count.unsqueeze(1))


def hardest_apart(
    loss: Tensor,
    eligible: Tensor,
    count: Tensor,
    boxes: Tensor,
    threshold: float,
    top_k: int,
) -> Tensor:
    """As `hardest`, after the suppression of overlaps among the `top_k` largest (-1 for all)."""
    order = torch.where(eligible, loss, -torch.inf).sort(
        dim=1, descending=True, stable=True
    )[1]
    sorted_boxes = boxes.gather(1, order.unsqueeze(-1).expand(boxes.shape)).contiguous()
    valid = eligible.gather(1, order) & (box_area(sorted_boxes) >= 1e-5)
    if top_k >= 0:
        valid = valid & (torch.arange(order.size(1), device=order.device) < top_k)
    keep: Tensor = suppress_overlaps(sorted_boxes, valid, threshold, 1.0)
    first = keep & (keep.cumsum(1) <= count.unsqueeze(1))
    return first.gather(1, rank_of(order))


def rank_of(order: Tensor) -> Tensor:
    """Invert permutations: where each element stands in `order`, N x P."""
    ranks = torch.arange(order.size(1), device=order.device).expand(order.shape)
    return torch.zeros_like(order).scatter(1, order, ranks)
