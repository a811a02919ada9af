"""Accuracy."""

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.loss import by_class


def is_among_best(
    x: Tensor, label: Tensor, top_k: int, axis: int, ignore_label: int | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the labels, which of them are not ignored, and which are among the `top_k` best.

    All three have shape `(outer, inner)`, the axes before and after the classes.
    """
    scores, labels = by_class(x, label, axis)
    kept = torch.ones_like(labels, dtype=torch.bool)
    if ignore_label is not None:
        kept = labels != ignore_label
        labels = torch.where(kept, labels, 0)
    own = scores.gather(1, labels.unsqueeze(1))
    return labels, kept, ((scores >= own).sum(1) <= top_k) & kept


def top_k_accuracy(
    x: Tensor,
    label: Tensor,
    top_k: int = 1,
    axis: int = 1,
    ignore_label: int | None = None,
) -> Tensor:
    """Return the fraction of labels whose class is among the `top_k` best scores, a scalar.

    A class with an equal score counts as better. The result is 0 if all labels are ignored
    (accuracy_layer.cpp).
    """
    _, kept, best = is_among_best(x, label, top_k, axis, ignore_label)
    return best.sum().float() / kept.sum().clamp(min=1)


def accuracy_per_class(
    x: Tensor,
    label: Tensor,
    top_k: int = 1,
    axis: int = 1,
    ignore_label: int | None = None,
) -> Tensor:
    """Return `top_k_accuracy` for the labels of each class, `(C,)`; 0 for a class without any."""
    labels, kept, best = is_among_best(x, label, top_k, axis, ignore_label)
    members = F.one_hot(labels, x.size(axis)) * kept.unsqueeze(-1)
    right = (members * best.unsqueeze(-1)).sum((0, 1)).float()
    return right / members.sum((0, 1)).clamp(min=1)
