"""Sequences of labels: connectionist temporal classification (CTC), its decoder and accuracy."""

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.base import operator_name, with_gradient_of


def compact(labels: Tensor, kept: Tensor, fill: int = -1) -> Tensor:
    """Move the labels `(N, T)` to keep to the front of their row; the rest is `fill`."""
    order = kept.byte().sort(dim=1, descending=True, stable=True)[1]
    return torch.where(kept, labels, fill).gather(1, order)


def collapsed(best: Tensor, blank: int, *, merge_repeated: bool = True) -> Tensor:
    """Return a mask of the labels `(N, T)` that are not blank, nor repeat their predecessor."""
    changes = torch.ones_like(best, dtype=torch.bool)
    if merge_repeated:
        changes = F.pad(best[:, 1:] != best[:, :-1], (1, 0), value=True)
    return changes & (best != blank)


def ctc_loss(x: Tensor, label: Tensor, time_step: int, blank_label: int = 0) -> Tensor:
    """Compute the CTC loss of scores `(T, N, C)` and labels `(N, L)`, over N.

    The first `time_step` scores are read; a blank is no label. Caffe does not divide the gradient
    by N. An item with more labels than steps has the loss 0 (ctc_loss_layer.cpp of
    xmfbit/warpctc-caffe, warp-ctc's cpu_ctc.h).
    """
    steps = F.log_softmax(x.reshape(*x.shape[:2], -1)[:time_step], 2)
    labels = label.flatten(1).long()
    kept = labels != blank_label
    counts = kept.sum(1)
    targets, lengths = compact(labels, kept, 0), torch.full_like(counts, time_step)
    total = F.ctc_loss(
        steps, targets, lengths, counts, blank_label, "sum", zero_infinity=True
    )
    return with_gradient_of(total / x.size(1), total)


@torch.library.custom_op(operator_name("edit_distance"), mutates_args=())
def edit_distance(found: Tensor, real: Tensor) -> Tensor:
    """Return the edit distance of label sequences `(N, T)` that end with -1, `(N,)`.

    A custom operator, because of its loops.
    """
    distances = []
    for rows in zip(found.tolist(), real.tolist(), strict=True):
        ours, theirs = ([label for label in row if label >= 0] for row in rows)
        row = list(range(len(theirs) + 1))
        for i, left in enumerate(ours, 1):
            before, row[0] = row[0], i
            for j, right in enumerate(theirs, 1):
                change = before + (left != right)
                before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, change)
        distances.append(row[-1])
    return torch.tensor(distances, device=found.device)


edit_distance.register_fake(lambda found, _: found.new_empty(found.size(0)))


def ctc_greedy_decoder(
    x: Tensor, continues: Tensor, blank_index: int = 0, *, merge_repeated: bool = True
) -> tuple[Tensor, Tensor]:
    """Return the score of the best path of each sequence and its labels, `(N, T)`, -1 for none.

    Inputs: scores `(T, N, C)`, and `(T, N)`, 0 where a sequence starts. The score is minus the sum
    of the largest scores (ctc_decoder_layer.hpp, ChWick/caffe).
    """
    largest, best = x.max(2)
    goes_on = continues.reshape(best.shape)[1:] != 0
    inside = F.pad(goes_on.long().cumprod(0), (0, 0, 1, 0), value=1)
    blank = blank_index if blank_index >= 0 else x.size(2) - 1
    kept = collapsed(best.t(), blank, merge_repeated=merge_repeated)
    labels = compact(best.t(), kept & (inside.t() > 0))
    return -(largest * inside).sum(0).reshape(-1, 1, 1, 1), labels


def sequence_similarity(found: Tensor, target: Tensor) -> Tensor:
    """Return 1 minus the mean edit distance, relative to the longer sequence, `(1, 1, 1, 1)`.

    `found` is `(N, T)`; a column of `target` `(T, N)` ends with a negative number.
    """
    real = target.reshape(-1, found.size(0)).t()
    lengths = ((real >= 0).long().cumprod(1) > 0).sum(1)
    steps = torch.arange(real.size(1), device=real.device)
    real = torch.where(steps < lengths.unsqueeze(1), (real + 0.5).long(), -1)
    longer = torch.maximum(lengths, (found >= 0).sum(1))
    share: Tensor = edit_distance(found, real) / longer
    return (1 - share.mean()).reshape(1, 1, 1, 1)


def label_sequence_accuracy(x: Tensor, label: Tensor, blank_label: int = 0) -> Tensor:
    """Return the fraction of best paths `(N, T, C)` that are the label sequence `(N, L)`.

    (labelsequence_accuracy_layer.cpp, xmfbit/warpctc-caffe)
    """
    best, labels = x.argmax(2), label.flatten(1).long()
    width = max(best.size(1), labels.size(1))
    masks = collapsed(best, blank_label), labels != blank_label
    found, real = (
        F.pad(compact(row, mask), (0, width - row.size(1)), value=-1)
        for row, mask in zip((best, labels), masks, strict=True)
    )
    same = (found == real).all(1) & (masks[0].sum(1) == masks[1].sum(1))
    return same.float().mean()
