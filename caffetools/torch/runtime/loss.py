"""Losses with Caffe's normalization and gradients.

Each returns a scalar, not multiplied by its `loss_weight`. Labels are class indices of any dtype,
in any shape with the right number of elements.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.base import with_gradient_of

LARGEST_LOSS = 87.3365447505531
"""-log(FLT_MIN): Caffe clamps probabilities to the smallest normal float."""


LOG_THRESHOLD = 1e-20
"""Minimum probability in MultinomialLogisticLoss and InfogainLoss."""


def loss_divisor(
    normalization: str, positions: Tensor, valid: Tensor | int
) -> Tensor | int:
    """Return the divisor of a sum of losses, at least 1 (loss_layer.hpp).

    `positions` is any tensor of the shape `(N, ...)` of the losses, `valid` the number of losses
    that are not ignored.
    """
    if normalization == "VALID":
        return valid.clamp(min=1) if isinstance(valid, Tensor) else max(1, valid)
    if normalization == "FULL":
        return max(1, positions.numel())
    return max(1, positions.size(0)) if normalization == "BATCH_SIZE" else 1


def by_class(x: Tensor, label: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Return scores `(outer, classes, inner)` and integer labels `(outer, inner)`."""
    outer, inner = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
    return x.reshape(outer, x.size(axis), inner), label.reshape(outer, inner).long()


def multinomial_logistic_loss(prob: Tensor, label: Tensor) -> Tensor:
    """Compute the negative log likelihood of probabilities, divided by the batch size.

    Probabilities are clamped to at least 1e-20, where the gradient is -1e20
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
    """Compute `F.binary_cross_entropy_with_logits` with Caffe's normalization.

    Targets whose integer part is `ignore_label` are ignored (sigmoid_cross_entropy_loss_layer.cpp).
    """
    target = target.reshape(x.shape)
    losses = F.binary_cross_entropy_with_logits(x, target, reduction="none")
    valid: Tensor | int = x.numel()
    if ignore_label is not None:
        kept = target.trunc() != ignore_label
        losses, valid = torch.where(kept, losses, 0), kept.sum()
    return losses.sum() / loss_divisor(normalization, x, valid)


def euclidean_loss(a: Tensor, b: Tensor) -> Tensor:
    """Compute half the sum of squares, divided by the batch size (euclidean_loss_layer.cpp)."""
    return F.mse_loss(a, b.reshape(a.shape), reduction="sum") / (2 * a.size(0))


def hinge_loss(x: Tensor, label: Tensor, norm: str = "L1") -> Tensor:
    """Compute the one-vs-all hinge loss: the L1 or the squared L2 norm of max(0, 1 - t * x).

    t is 1 for the class of the label, -1 for the others. The loss is divided by the batch size
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
    """Compute half the mean of d^2 for similar pairs and of max(0, margin - d)^2 for others.

    d is the Euclidean distance; the legacy version uses max(0, margin - d^2). Caffe's gradient
    divides by d + 1e-4 in place of d, and is finite at 0 (contrastive_loss_layer.cpp).
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
    """Compute `F.smooth_l1_loss` with beta = 1 / sigma^2, divided by the batch size.

    The difference is multiplied by `inside_weights`, each loss by `outside_weights`; both are
    constants (smooth_L1_loss_layer.cu, rbgirshick/caffe-fast-rcnn; without weights in
    weiliu89/caffe, too).
    """
    b = b.reshape(a.shape)
    if inside_weights is not None:
        inside_weights = inside_weights.detach().reshape(a.shape)
        a, b = a * inside_weights, b * inside_weights
    losses = F.smooth_l1_loss(a, b, reduction="none", beta=1 / sigma**2)
    if outside_weights is not None:
        losses = losses * outside_weights.detach().reshape(a.shape)
    return losses.sum() / a.size(0)
