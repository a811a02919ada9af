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


def caffe_argmax(
    x: Tensor, axis: int | None = None, top_k: int = 1, *, out_max_val: bool = False
) -> Tensor:
    """Return the indices of the `top_k` largest values, as numbers of the type of `x`.

    Along `axis`, whose extent becomes `top_k`; with `out_max_val` the values instead. Without an
    axis over each item: N x 1 x top_k, or N x 2 x top_k with the values after the indices, and as
    many axes as `x` has. Of equal values the one of the larger index comes first
    (argmax_layer.cpp).
    """
    along = x.flatten(1) if axis is None else x
    dim = 1 if axis is None else axis
    values, backward = along.flip(dim).sort(dim=dim, descending=True, stable=True)
    values = values.narrow(dim, 0, top_k)
    indices = (along.size(dim) - 1 - backward.narrow(dim, 0, top_k)).to(x.dtype)
    if axis is not None:
        return values if out_max_val else indices
    result = torch.stack([indices, values] if out_max_val else [indices], dim=1)
    return result.reshape(result.shape + (1,) * (x.dim() - 3))
