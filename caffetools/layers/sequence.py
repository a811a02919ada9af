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
    """Scores (T, N, C), 0 where a sequence starts (T, N) -> score of each sequence (N, 1, 1, 1).

    The score is minus the sum of the largest scores. A third bottom, labels (T, N) up to a -1,
    gives a second top: 1 minus the mean edit distance, relative to the longer sequence
    (ctc_decoder_layer.hpp).
    """

    type = "CTCGreedyDecoder"
    param_name = "ctc_decoder_param"
    bottoms = between(2, 3)
    tops = between(1, 2)
    origin = "ChWick/caffe"
    is_global = True

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_axes(bottoms[0], 3)
        if len(bottoms) == 3 != self.top_count + 1:
            raise self.spec.message.error("expected 2 tops for 3 bottoms, found 1", "top")
        if self.top_count == 2 != len(bottoms) - 1:
            raise self.spec.message.error("expected 3 bottoms for 2 tops, found 2", "bottom")
        for bottom in bottoms[1:]:
            if bottom[:2] != bottoms[0][:2]:
                raise mismatch(f"bottoms of {dims(bottoms[0][:2])}", bottom)
        return Facts(((bottoms[0][1], 1, 1, 1), (1, 1, 1, 1))[: self.top_count])


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
