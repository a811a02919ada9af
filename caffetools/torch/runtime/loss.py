"""Caffe's losses with its normalisations and gradients.

Each gives a scalar, without its `loss_weight`. Labels are numbers of any type, with any shape of
the right number of elements.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.base import with_gradient_of

LARGEST_LOSS = 87.3365447505531
"""-log(FLT_MIN): Caffe takes the logarithm of no less than the smallest normal float."""


LOG_THRESHOLD = 1e-20
"""The least probability of which MultinomialLogisticLoss and InfogainLoss take the logarithm."""


def loss_divisor(
    normalization: str, outer: int, inner: int, valid: Tensor | int
) -> Tensor | int:
    """Return what a sum of losses is divided by, at least 1 (loss_layer.hpp, LossParameter).

    `outer` counts the items, `inner` the positions in each, `valid` those that are not ignored.
    """
    if normalization == "VALID":
        return valid.clamp(min=1) if isinstance(valid, Tensor) else max(1, valid)
    return max(
        1, {"FULL": outer * inner, "BATCH_SIZE": outer, "NONE": 1}[normalization]
    )


def by_class(x: Tensor, label: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Return the scores as outer x classes x inner, and the labels as integers, outer x inner."""
    outer, inner = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
    return x.reshape(outer, x.size(axis), inner), label.reshape(outer, inner).long()


def multinomial_logistic_loss(prob: Tensor, label: Tensor) -> Tensor:
    """-log of the probability of each label, at least 1e-20, over the batch size.

    The gradient is that of the capped logarithm, -1 / 1e-20 below the cap
    (multinomial_logistic_loss_layer.cpp).
    """
    chosen = prob.flatten(1).gather(1, label.reshape(-1, 1).long())
    capped = chosen.detach().clamp(min=LOG_THRESHOLD)
    return -with_gradient_of(capped.log(), chosen / capped).sum() / prob.size(0)


def sigmoid_cross_entropy_loss(
    x: Tensor,
    target: Tensor,
    ignore_label: int | None = None,
    normalization: str = "BATCH_SIZE",
) -> Tensor:
    """Cross entropy of the sigmoid of each element against a target from 0 to 1.

    A target whose integer part is `ignore_label` does not count
    (sigmoid_cross_entropy_loss_layer.cpp).
    """
    target = target.reshape(x.shape)
    losses = F.binary_cross_entropy_with_logits(x, target, reduction="none")
    valid: Tensor | int = x.numel()
    if ignore_label is not None:
        kept = target.trunc() != ignore_label
        losses, valid = torch.where(kept, losses, 0), kept.sum()
    items = x.size(0)
    return losses.sum() / loss_divisor(normalization, items, x.numel() // items, valid)


def euclidean_loss(a: Tensor, b: Tensor) -> Tensor:
    """Half of the squared distance, over the batch size (euclidean_loss_layer.cpp)."""
    return F.mse_loss(a, b.reshape(a.shape), reduction="sum") / (2 * a.size(0))


def hinge_loss(x: Tensor, label: Tensor, norm: str = "L1") -> Tensor:
    """One-against-all hinge: the L1 norm, or the squared L2 norm, of max(0, 1 - t * x).

    t is 1 for the label's class and -1 for the others; divided by the batch size
    (hinge_loss_layer.cpp).
    """
    scores = x.flatten(1)
    sides = 2 * F.one_hot(label.reshape(-1).long(), scores.size(1)) - 1
    margins = F.relu(1 - sides * scores)
    return (margins if norm == "L1" else margins.square()).sum() / x.size(0)


def contrastive_loss(
    a: Tensor,
    b: Tensor,
    similar: Tensor,
    margin: float = 1.0,
    *,
    legacy_version: bool = False,
) -> Tensor:
    """Half of the mean of d^2 for similar pairs, of max(0, margin - d)^2 for the others.

    The legacy version takes max(0, margin - d^2). Caffe's gradient of the other divides by
    d + 1e-4 instead of d, so that it is finite at 0 (contrastive_loss_layer.cpp).
    """
    squared = (a - b).flatten(1).square().sum(1)
    if legacy_version:
        apart = F.relu(margin - squared)
    else:
        distance = squared.detach().sqrt()
        gap = F.relu(margin - distance)
        apart = with_gradient_of(gap.square(), -gap / (distance + 1e-4) * squared)
    losses = torch.where(similar.reshape(-1).long() != 0, squared, apart)
    return losses.sum() / (2 * a.size(0))


def smooth_l1_loss(
    a: Tensor,
    b: Tensor,
    inside_weights: Tensor | None = None,
    outside_weights: Tensor | None = None,
    sigma: float = 1.0,
) -> Tensor:
    """0.5 * (sigma * d)^2 where |d| < 1 / sigma^2, |d| - 0.5 / sigma^2 beyond, over the batch size.

    d is the difference, times the weights inside; each value is multiplied by the weights outside
    (smooth_L1_loss_layer.cu of rbgirshick/caffe-fast-rcnn; without weights also in weiliu89/caffe).
    """
    b = b.reshape(a.shape)
    if inside_weights is not None:
        inside_weights = inside_weights.reshape(a.shape)
        a, b = a * inside_weights, b * inside_weights
    losses = F.smooth_l1_loss(a, b, reduction="none", beta=1 / sigma**2)
    if outside_weights is not None:
        losses = losses * outside_weights.reshape(a.shape)
    return losses.sum() / a.size(0)
