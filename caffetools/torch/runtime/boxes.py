"""SSD's boxes: `(xmin, ymin, xmax, ymax)` in fractions of the image, in the last axis.

The formulas are those of bbox_util.cpp (weiliu89/caffe, branch ssd).
"""

import os

import torch
from torch import Tensor


def read_priors(prior: Tensor) -> tuple[Tensor, Tensor]:
    """Split the output of PriorBox, `(1, 2, 4 * P)`, into boxes and variances, both `(P, 4)`."""
    boxes, variances = prior.reshape(2, -1, 4).unbind()
    return boxes, variances


def box_area(boxes: Tensor) -> Tensor:
    """Return the area of each box, `(..., 4) -> (...)`; 0 for negative sides."""
    width, height = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).unbind(-1)
    return width * height


def box_overlap(a: Tensor, b: Tensor) -> Tensor:
    """Return the intersection over union of boxes, `(..., 4)` each, broadcast."""
    # Sides in a row each: arithmetic on strided ones is several times slower.
    x, y = (boxes.movedim(-1, 0).contiguous() for boxes in (a, b))
    width = torch.minimum(x[2], y[2]) - torch.maximum(x[0], y[0])
    height = torch.minimum(x[3], y[3]) - torch.maximum(x[1], y[1])
    shared = width.clamp(min=0) * height.clamp(min=0)
    areas = ((s[2] - s[0]).clamp(min=0) * (s[3] - s[1]).clamp(min=0) for s in (x, y))
    return torch.where(shared > 0, shared / (sum(areas) - shared), 0)


def encode_boxes(
    boxes: Tensor, priors: Tensor, variances: Tensor, code_type: str
) -> Tensor:
    """Return the regression targets of boxes relative to their priors, all `(..., 4)`.

    `code_type` is CORNER, CENTER_SIZE or CORNER_SIZE.
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
    """Return the boxes of predictions: the inverse of `encode_boxes`."""
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


@torch.library.custom_op(
    f"caffetools::suppress_overlaps_{os.urandom(8).hex()}", mutates_args=()
)
def suppress_overlaps(
    boxes: Tensor, valid: Tensor, threshold: float, eta: float = 1.0
) -> Tensor:
    """Return a mask `(L, K)` of the boxes that non-maximum suppression keeps in each of L lists.

    `boxes` `(L, K, 4)` are sorted by descending score; `valid` `(L, K)` masks those to consider.
    A box is dropped if its overlap with an earlier kept box exceeds `threshold`, which is
    multiplied by `eta` after each kept box while above 0.5. A custom operator, so that
    `torch.compile` does not unroll the loop.
    """
    keep = torch.zeros_like(valid)
    if eta == 1:
        # Short lists at once; a long one alone, since memory grows with the square.
        rows = valid.any(1).nonzero().flatten()
        for some in torch.split(rows, max(1, 2400 // max(1, valid.size(1)))):
            mine = some.unsqueeze(1), valid[some].any(0).nonzero().flatten()
            keep[mine] = apart(boxes[mine], valid[mine], threshold)
        return keep
    limit = boxes.new_full((boxes.size(0),), threshold)
    # Positions after the last valid box of all lists can be skipped.
    for index in range(int(valid.any(0).nonzero().amax()) + 1 if valid.any() else 0):
        earlier = box_overlap(boxes[:, index : index + 1], boxes[:, : index + 1])
        highest = (earlier * keep[:, : index + 1]).amax(1)
        chosen = valid[:, index] & (highest <= limit)
        keep[:, index] = chosen
        limit = torch.where(chosen & (limit > 0.5), limit * eta, limit)
    return keep


def apart(boxes: Tensor, valid: Tensor, threshold: float, block: int = 400) -> Tensor:
    """Return a mask `(L, K)` of the sorted boxes that no earlier kept one overlaps too much.

    Boxes are compared in blocks, since all overlaps of a long list exceed the memory. In a block
    each round decides one link more of every chain of overlaps, which are short.
    """
    keeps = [valid[:, :0]]
    for start in range(0, valid.size(1), block):
        own, earlier = boxes[:, start : start + block], torch.cat(keeps, 1)
        some = earlier.any(0).nonzero().flatten()
        overlap = box_overlap(boxes[:, some].unsqueeze(2), own.unsqueeze(1))
        overlapped = ((overlap > threshold) & earlier[:, some].unsqueeze(2)).any(1)
        free = valid[:, start : start + block] & ~overlapped
        overlap = box_overlap(own.unsqueeze(2), own.unsqueeze(1))
        # As numbers: a product counts the kept boxes that each one overlaps.
        overlapped = (overlap > threshold).triu(1).to(boxes.dtype)
        keep, last = free, ~free
        while not torch.equal(keep, last):
            count = keep.unsqueeze(1).to(boxes.dtype) @ overlapped
            last, keep = keep, (count.squeeze(1) == 0) & free
        keeps.append(keep)
    return torch.cat(keeps, 1)


suppress_overlaps.register_fake(lambda _boxes, valid, *_: torch.empty_like(valid))


@torch.library.custom_op(
    f"caffetools::match_boxes_{os.urandom(8).hex()}", mutates_args=()
)
def match_boxes(
    boxes: Tensor,
    truth: Tensor,
    belongs: Tensor,
    overlap_threshold: float,
    per_prediction: bool,
    ignore_cross_boundary: bool,
) -> tuple[Tensor, Tensor]:
    """Match boxes `(N, P, 4)` of each image with its ground truth.

    `truth` `(G, 4)` holds the ground truth boxes of all images, `belongs` `(N, G)` masks those of
    each image. Pairs are matched greedily by overlap until each ground truth box has a match; then,
    with `per_prediction`, every other box with its best overlap if that reaches the threshold.
    Returns the index of the match (-1: none; -2: ignored since it crosses the image boundary) and
    the overlap, both `(N, P)`. A custom operator, because of its loops.
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


match_boxes.register_fake(
    lambda boxes, *_: (
        boxes.new_empty(boxes.shape[:2], dtype=torch.long),
        boxes.new_empty(boxes.shape[:2]),
    )
)


def by_loss(loss: Tensor, eligible: Tensor) -> Tensor:
    """Return the order of examples `(N, P)` by descending loss, those not eligible last."""
    ranked = torch.where(eligible, loss, -torch.inf)
    return ranked.sort(dim=1, descending=True, stable=True)[1]


def hardest(loss: Tensor, eligible: Tensor, count: Tensor) -> Tensor:
    """Return a mask `(N, P)` of the `count` `(N,)` eligible examples with the largest loss."""
    return eligible & (rank_of(by_loss(loss, eligible)) < count.unsqueeze(1))


def hardest_apart(
    loss: Tensor,
    eligible: Tensor,
    count: Tensor,
    boxes: Tensor,
    threshold: float,
    top_k: int,
) -> Tensor:
    """Compute `hardest` after non-maximum suppression among the `top_k` largest (-1: all)."""
    order = by_loss(loss, eligible)
    sorted_boxes = boxes.gather(1, order.unsqueeze(-1).expand(boxes.shape)).contiguous()
    valid = eligible.gather(1, order) & (box_area(sorted_boxes) >= 1e-5)
    if top_k >= 0:
        valid = valid & (torch.arange(order.size(1), device=order.device) < top_k)
    keep: Tensor = suppress_overlaps(sorted_boxes, valid, threshold, 1.0)
    first = keep & (keep.cumsum(1) <= count.unsqueeze(1))
    return first.gather(1, rank_of(order))


def rank_of(order: Tensor) -> Tensor:
    """Return the inverse permutation of each row of `order`, `(N, P)`."""
    ranks = torch.arange(order.size(1), device=order.device).expand(order.shape)
    return torch.zeros_like(order).scatter(1, order, ranks)
