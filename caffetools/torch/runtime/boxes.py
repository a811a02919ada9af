"""Boxes as SSD holds them: xmin, ymin, xmax, ymax, as shares of the image.

The formulas are those of bbox_util.cpp in weiliu89/caffe, branch ssd.
"""

import torch
from torch import Tensor

from caffetools.torch.runtime.operators import operator_name


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
