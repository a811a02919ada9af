"""Sequences of labels: connectionist temporal classification (CTC), its decoder and accuracy."""

from __future__ import annotations

from caffetools.layers.accuracy import ForkAccuracy
from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, between, dims
from caffetools.layers.checks import check_axes, mismatch, read_integer
from caffetools.layers.loss import LossLayer


class CtcLoss(LossLayer):
    """Scores (T, N, alphabet_size), labels (N, L) -> a scalar (ctc_loss_layer.cpp)."""

    type = "CtcLoss"
    param_name = "ctc_loss_param"
    origin = "xmfbit/warpctc-caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        for name in ("alphabet_size", "time_step"):
            read_integer(self.param, name)

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        scores, labels = bottoms
        check_axes(scores, 2)
        check_axes(labels, 1)
        if scores[1] != labels[0]:
            text = f"labels of {scores[1]} items, the second extent of {dims(scores)}"
            raise mismatch(text, labels)

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        return {}  # the length of the sequences is unknown


class CTCGreedyDecoder(Layer):
    """Scores (T, N, C), 0 where a sequence starts (T, N) -> labels of each sequence (N, T, 1, 1).

    Further tops are the score of each sequence (N, 1, 1, 1) and, with a third bottom, labels (T, N)
    up to a -1, 1 minus the mean edit distance, relative to the longer sequence
    (ctc_decoder_layer.cpp). In warrentdrew/Caffe_SSD_LSTM_LPR the second bottom is missing or, for
    a single top (1, 2, 1, 1), the labels (N, L): that measure and the share of equal sequences.
    """

    type = "CTCGreedyDecoder"
    param_name = "ctc_decoder_param"
    bottoms = between(1, 3)
    tops = between(1, 3)
    origin = "ChWick/caffe"
    is_global = True

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_axes(bottoms[0], 3)
        steps, items = bottoms[0][:2]
        if self.top_count > len(bottoms):
            most = f"at most {len(bottoms)} tops for {len(bottoms)} bottoms"
            raise self.spec.message.error(f"expected {most}, found {self.top_count}", "top")
        if self.compares(bottoms):
            if self.top_count > 1 or bottoms[1][:1] != (items,):
                raise mismatch(
                    f"bottoms of {dims((steps, items))}, or labels for one top", bottoms[1]
                )
            return Facts(((1, 2, 1, 1),))
        for bottom in bottoms[1:]:
            if bottom[:2] != (steps, items):
                raise mismatch(f"bottoms of {dims((steps, items))}", bottom)
        tops = [(items, steps, 1, 1), (items, 1, 1, 1), (1, 1, 1, 1)]
        if len(bottoms) == 3 and self.top_count == 2:
            del tops[1]
        return Facts(tuple(tops[: self.top_count]))

    def compares(self, bottoms: tuple[Shape, ...]) -> bool:
        """Whether the second of two bottoms has labels."""
        return len(bottoms) == 2 and bottoms[1][:2] != bottoms[0][:2]


class LabelsequenceAccuracy(ForkAccuracy):
    """Scores of label sequences, true label sequences -> scalar.

    (labelsequence_accuracy_layer.cpp)
    """

    type = "LabelsequenceAccuracy"
    origin = "xmfbit/warpctc-caffe"

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts(((),))

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        return {}
