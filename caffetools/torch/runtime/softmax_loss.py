"""Losses of a softmax: SoftmaxWithLoss and InfogainLoss."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.base import with_gradient_of
from caffetools.torch.runtime.loss import (
    LARGEST_LOSS,
    LOG_THRESHOLD,
    by_class,
    loss_divisor,
)


def softmax_with_loss(
    x: Tensor,
    label: Tensor,
    axis: int = 1,
    ignore_label: int | None = None,
    normalization: str = "VALID",
) -> Tensor:
    """Compute `F.cross_entropy` along `axis` with Caffe's normalization.

    Each loss is at most 87.3365, but has the gradient of the unclamped loss
    (softmax_loss_layer.cpp).
    """
    scores, labels = by_class(x, label, axis)
    ignored = -100 if ignore_label is None else ignore_label
    losses = F.cross_entropy(scores, labels, ignore_index=ignored, reduction="none")
    losses = with_gradient_of(losses.clamp(max=LARGEST_LOSS), losses)
    valid = labels.numel() if ignore_label is None else (labels != ignore_label).sum()
    return losses.sum() / loss_divisor(normalization, labels, valid)


def infogain_loss(
    x: Tensor,
    label: Tensor,
    infogain: Tensor,
    axis: int = 1,
    ignore_label: int | None = None,
    normalization: str = "VALID",
) -> Tensor:
    """Compute -sum_l H[label, l] * log softmax(x)[l]; `infogain` is the matrix H, `(C, C)`.

    Probabilities are at least 1e-20, with the gradient of the unclamped logarithm
    (infogain_loss_layer.cpp).
    """
    scores, labels = by_class(x, label, axis)
    kept = torch.ones_like(labels) if ignore_label is None else labels != ignore_label
    matrix = infogain.reshape(x.size(axis), x.size(axis))
    rows = matrix[torch.where(kept > 0, labels, 0)]
    logs = F.log_softmax(scores, dim=1)
    logs = with_gradient_of(logs.clamp(min=math.log(LOG_THRESHOLD)), logs)
    losses = -(rows.movedim(-1, 1) * logs).sum(1) * kept
    return losses.sum() / loss_divisor(normalization, labels, kept.sum())


def softmax_losses(
    x: Tensor, label: Tensor, axis: int = 1, ignore_label: int | None = None
) -> Tensor:
    """Return `F.cross_entropy` along `axis` for each label, in the shape of the labels.

    Each loss is at most 87.3365, but has the gradient of the unclamped loss; that of an ignored
    label is 0 (softmax_loss_layer.cpp).
    """
    scores, labels = by_class(x, label, axis)
    ignored = -100 if ignore_label is None else ignore_label
    losses = F.cross_entropy(scores, labels, ignore_index=ignored, reduction="none")
    losses = with_gradient_of(losses.clamp(max=LARGEST_LOSS), losses)
    return losses.reshape(label.shape)
