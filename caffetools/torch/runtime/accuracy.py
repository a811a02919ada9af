"""Accuracies."""

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.base import SizedModule
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


class SegAccuracy(SizedModule):
    """Accuracy of pixels, of classes, and intersection over union, `(1, 1, 1, 3)`.

    The class of a pixel is that of the largest of its scores `(N, C, H, W)`, of equal ones the
    last; a single score is compared with 0.5. A class that is neither predicted nor a label has the
    intersection 1. With `precision` a fourth value, the mean precision of classes, is the third
    (seg_accuracy_layer.cpp of hszhao/PSPNet and Winstonxu123/LSTM-CF). Without `reset` counts add
    up over the passes.
    """

    confusion: Tensor

    def __init__(
        self,
        classes: int,
        ignore_label: tuple[int, ...] = (),
        *,
        precision: bool = False,
        reset: bool = True,
    ) -> None:
        super().__init__()
        self.ignore_label, self.precision, self.reset = ignore_label, precision, reset
        size = max(classes, 2)
        self.register_buffer("confusion", torch.zeros(size, size), persistent=False)

    @torch.no_grad()
    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Return the measures of these pixels, or of all so far."""
        last = x.size(1) - 1
        best = last - x.flip(1).argmax(1) if last else (x > 0.5).long()
        labels = label.flatten().long()
        kept = torch.ones_like(labels, dtype=torch.bool)
        for ignored in self.ignore_label:
            kept = kept & (labels != ignored)
        size = self.confusion.size(0)
        cells = torch.where(kept, labels, 0) * size + best.flatten()
        counts = torch.zeros_like(self.confusion).flatten()
        counts = counts.index_add(0, cells, kept.to(counts.dtype)).reshape(size, size)
        if not self.reset:
            self.confusion += counts
            counts = self.confusion
        right, real, found = counts.diagonal(), counts.sum(1), counts.sum(0)
        union = real + found - right
        pixels = right.sum() / real.sum().clamp(min=1)
        recall = (right / real.clamp(min=1)).sum() / (real > 0).sum().clamp(min=1)
        jaccard = torch.where(right == union, 1, right / union.clamp(min=1)).mean()
        values = [pixels, recall, jaccard]
        if self.precision:
            values.insert(2, (right / found).mean())
        return torch.stack(values).reshape(1, 1, 1, -1)


def eltwise_accuracy(
    x: Tensor, label: Tensor, top_k: int = 1, ignore_label: int | None = None
) -> Tensor:
    """Return the fraction of pixels whose class is among the `top_k` best, `(1, 1, 1, 1)`.

    Of equal scores, that of the larger class is better; NaN if all are ignored
    (eltwise_accuracy_layer.cpp, HyeonwooNoh/caffe).
    """
    scores, labels = by_class(x, label, 1)
    labels = labels.unsqueeze(1)
    classes = torch.arange(x.size(1), device=x.device).unsqueeze(1)
    own = torch.where(classes == labels, scores, -torch.inf).amax(1, keepdim=True)
    better = (scores > own) | ((scores == own) & (classes > labels))
    kept = torch.ones_like(labels, dtype=torch.bool)
    if ignore_label is not None:
        kept = labels != ignore_label
    hits = (better.sum(1, keepdim=True) < top_k) & kept
    return (hits.sum().float() / kept.sum()).reshape(1, 1, 1, 1)
