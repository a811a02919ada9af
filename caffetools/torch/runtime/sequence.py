"""Sequences of labels: connectionist temporal classification (CTC), its decoder and accuracy."""

import os

import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.base import with_gradient_of


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


@torch.library.custom_op(
    f"caffetools::edit_distance_{os.urandom(8).hex()}", mutates_args=()
)
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
    x: Tensor,
    continues: Tensor | None = None,
    blank_index: int = 0,
    *,
    merge_repeated: bool = True,
) -> tuple[Tensor, Tensor]:
    """Return the score of the best path of each sequence and its labels, `(N, T)`, -1 for none.

    Inputs: scores `(T, N, C)` and, if sequences can end early, `(T, N)`, 0 where one starts. The
    score `(N, 1, 1, 1)` is minus the sum of the largest scores (ctc_decoder_layer.cpp,
    ChWick/caffe and warrentdrew/Caffe_SSD_LSTM_LPR).
    """
    largest, best = x.flatten(2).max(2)
    inside = torch.ones_like(best)
    if continues is not None:
        goes_on = continues.reshape(best.shape)[1:] != 0
        inside = F.pad(goes_on.long().cumprod(0), (0, 0, 1, 0), value=1)
    blank = blank_index if blank_index >= 0 else x.size(2) - 1
    kept = collapsed(best.t(), blank, merge_repeated=merge_repeated)
    labels = compact(best.t(), kept & (inside.t() > 0))
    return -(largest * inside).sum(0).reshape(-1, 1, 1, 1), labels


def relative_distances(found: Tensor, target: Tensor, blank: int = -1) -> Tensor:
    """Return the edit distance of label sequences, relative to the longer, `(N,)`.

    `found` is `(N, T)`; a row of `target` `(N, L)` ends with a negative number; blanks do
    not count. NaN for two sequences without labels.
    """
    width = max(found.size(1), target.size(1))
    valid = (target >= 0).long().cumprod(1) > 0
    labels = torch.where(valid, (target + 0.5).long(), -1)
    rows = compact(labels, valid & (labels != blank))
    rows, found = (F.pad(x, (0, width - x.size(1)), value=-1) for x in (rows, found))
    longer = torch.maximum((rows >= 0).sum(1), (found >= 0).sum(1))
    share: Tensor = edit_distance(found, rows) / longer.clamp(min=1)
    return torch.where(longer > 0, share, torch.nan)


def sequence_similarity(found: Tensor, target: Tensor) -> Tensor:
    """Return 1 minus the mean edit distance, relative to the longer sequence, `(1, 1, 1, 1)`.

    `found` is `(N, T)`; a column of `target` `(T, N)` ends with a negative number.
    """
    shares = relative_distances(found, target.t()).nan_to_num(0.0)
    return (1 - shares.mean()).reshape(1, 1, 1, 1)


def sequence_accuracy(found: Tensor, target: Tensor, blank_index: int = 0) -> Tensor:
    """Return the similarity of sequences and the share of equal ones, `(1, 2, 1, 1)`.

    `found` and `target` are `(N, T)` and `(N, L)`; two sequences without labels are not equal
    (ctc_decoder_layer.cpp, warrentdrew/Caffe_SSD_LSTM_LPR).
    """
    shares = relative_distances(found, target.flatten(1), blank_index)
    equal = (shares == 0).to(shares.dtype).mean()
    measures = torch.stack([1 - shares.nan_to_num(0.0).mean(), equal])
    return measures.reshape(1, 2, 1, 1)


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
