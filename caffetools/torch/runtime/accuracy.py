"""What Caffe counts: accuracy, and the places of the largest values."""

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.loss import by_class


def is_among_best(
    x: Tensor, label: Tensor, top_k: int, axis: int, ignore_label: int | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return, each as outer x inner: the labels, which count, and which are among the best."""
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
    """Return the share of labels with fewer than `top_k` other classes scored as high; a scalar.

    A tie counts against the label; 0 where all labels are ignored (accuracy_layer.cpp).
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
    """Return the accuracy over the labels of each class; 0 for a class without labels."""
    labels, kept, best = is_among_best(x, label, top_k, axis, ignore_label)
    members = F.one_hot(labels, x.size(axis)) * kept.unsqueeze(-1)
    right = (members * best.unsqueeze(-1)).sum((0, 1)).float()
    return right / members.sum((0, 1)).clamp(min=1)
