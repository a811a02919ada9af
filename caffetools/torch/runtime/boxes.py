"""Boxes as SSD holds them: xmin, ymin, xmax, ymax, as shares of the image.

The formulas are those of bbox_util.cpp in weiliu89/caffe, branch ssd.
"""

import torch
from torch import Tensor

from caffetools.torch.runtime.base import operator_name


def read_priors(prior: Tensor) -> tuple[Tensor, Tensor]:
    """Split PriorBox's blob, 1 x 2 x (4 * P), into P boxes and P times four variances."""
    boxes, variances = prior.reshape(2, -1, 4).unbind()
    return boxes, variances


def box_area(boxes: Tensor) -> Tensor:
    """... x 4 -> ...; 0 for a box that is turned inside out."""
    sides = boxes[..., 2:] - boxes[..., :2]
    return torch.where((sides >= 0).all(-1), sides[..., 0] * sides[..., 1], 0)


def box_overlap(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes, ... x 4 each, which broadcast."""
    sides = torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(
        a[..., :2], b[..., :2]
    )
    shared = torch.where((sides > 0).all(-1), sides[..., 0] * sides[..., 1], 0)
    union = box_area(a) + box_area(b) - shared
    return torch.where(shared > 0, shared / union, 0)


def encode_boxes(
    boxes: Tensor, priors: Tensor, variances: Tensor, code_type: str
) -> Tensor:
    """Say where boxes lie relative to their priors: what the net is to predict.

    All are ... x 4. `code_type` is CORNER, CENTER_SIZE or CORNER_SIZE.
    """
    if code_type == "CORNER":
        return (boxes - priors) / variances
    low, high = priors[..., :2], priors[..., 2:]
    size = high - low
    if code_type == "CORNER_SIZE":
        return (boxes - priors) / torch.cat([size, size], -1) / variances
    centre, extent = (
        (boxes[..., :2] + boxes[..., 2:]) / 2,
        boxes[..., 2:] - boxes[..., :2],
    )
    codes = torch.cat([(centre - (low + high) / 2) / size, (extent / size).log()], -1)
    return codes / variances


def decode_boxes(
    codes: Tensor, priors: Tensor, variances: Tensor, code_type: str
) -> Tensor:
    """Turn predictions into boxes: the inverse of `encode_boxes`."""
    codes = codes * variances
    if code_type == "CORNER":
        return priors + codes
    low, high = priors[..., :2], priors[..., 2:]
    size = high - low
    if code_type == "CORNER_SIZE":
        return priors + codes * torch.cat([size, size], -1)
    centre = codes[..., :2] * size + (low + high) / 2
    half = codes[..., 2:].exp() * size / 2
    return torch.cat([centre - half, centre + half], -1)


@torch.library.custom_op(operator_name("suppress_overlaps"), mutates_args=())
def suppress_overlaps(
    boxes: Tensor, valid: Tensor, threshold: float, eta: float
) -> Tensor:
    """Say which boxes of each list stay: those that overlap none kept before by more than allowed.

    `boxes` lists x K x 4 come in the order of their scores, best first; `valid` lists x K says
    which count. After each box that is kept, a threshold above 0.5 is multiplied by `eta`.
    An operator of its own, so that `torch.compile` need not unroll the loop.
    """
    keep = torch.zeros_like(valid)
    limit = boxes.new_full((boxes.size(0),), threshold)
    # What comes after the last that counts in any list need not be looked at.
    for index in range(int(valid.any(0).nonzero().amax()) + 1 if valid.any() else 0):
        earlier = box_overlap(boxes[:, index : index + 1], boxes[:, : index + 1])
        highest = (earlier * keep[:, : index + 1]).amax(1)
        chosen = valid[:, index] & (highest <= limit)
        keep[:, index] = chosen
        limit = torch.where(chosen & (limit > 0.5), limit * eta, limit)
    return keep


@suppress_overlaps.register_fake
def suppress_overlaps_shape(_boxes: Tensor, valid: Tensor, *_: float) -> Tensor:
    """Return a result without values, for `torch.compile` and the meta device."""
    return torch.empty_like(valid)


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
