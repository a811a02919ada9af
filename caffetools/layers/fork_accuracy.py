"""How often forks' nets are right, in images and in sequences."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import Blobs, Facts, Layer, Shape, Spec, count, dims, exactly
from caffetools.layers.checks import check_int
from caffetools.layers.legacy import four_axes
from caffetools.message import Message


class Measure(Layer):
    """A layer that compares its first bottom with the second, and whose top says how they agree."""

    bottoms: ClassVar[Blobs] = exactly(2)

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None


class SegAccuracy(Measure):
    """Scores (N, C, H, W), labels (N, 1, H, W) -> (1, 1, 1, 3) (seg_accuracy_layer.cpp).

    The accuracies of pixels, classes and intersections over unions. A fork that saves the confusion
    matrix (Winstonxu123/LSTM-CF) has a fourth.
    """

    type: ClassVar[str] = "SegAccuracy"
    origin: ClassVar[str | None] = "hszhao/PSPNet"

    def __init__(self, spec: Spec) -> None:
        param = spec.param("seg_accuracy_param")
        self.saves = param.has("save_frequency") or param.has("file_name")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if four_axes(bottoms[0])[1] == 0:
            raise ShapeError(f"expected at least 1 class, found {dims(bottoms[0])}")
        check_same(*bottoms, channels=1)
        return Facts(((1, 1, 1, 4 if self.saves else 3),))


class EltwiseAccuracy(Measure):
    """Scores (N, C, H, W), labels (N, 1, H, W) -> (1, 1, 1, 1) (eltwise_accuracy_layer.cpp)."""

    type: ClassVar[str] = "EltwiseAccuracy"
    origin: ClassVar[str | None] = "HyeonwooNoh/caffe"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("eltwise_accuracy_param")
        check_int(self.param, "top_k")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_same(*bottoms, channels=1)
        check_top_k(self.param, bottoms[0])
        return Facts(((1, 1, 1, 1),))


class AccuracyRegression(Measure):
    """Two bottoms of one shape -> (1, 1, 1, 1) (accuracy_regression_layer.cpp)."""

    type: ClassVar[str] = "AccuracyRegression"
    origin: ClassVar[str | None] = "bearpaw/caffe"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("accuracy_param")
        check_int(self.param, "top_k")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_same(*bottoms, channels=four_axes(bottoms[0])[1])
        check_top_k(self.param, bottoms[0])
        return Facts(((1, 1, 1, 1),))


class LabelsequenceAccuracy(Measure):
    """Sequences of labels, as scores and as they should be -> a scalar.

    (labelsequence_accuracy_layer.cpp)
    """

    type: ClassVar[str] = "LabelsequenceAccuracy"
    origin: ClassVar[str | None] = "xmfbit/warpctc-caffe"

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts(((),))


def check_same(scores: Shape, labels: Shape, *, channels: int) -> None:
    """Raise ShapeError unless the labels have so many channels, and else the scores' extents."""
    num, _, height, width = four_axes(scores)
    expected = (num, channels, height, width)
    if four_axes(labels) != expected:
        raise ShapeError(f"expected labels of {dims(expected)}, found {dims(labels)}")


def check_top_k(param: Message, scores: Shape) -> None:
    """Raise ShapeError for a top_k over the number of elements of an item."""
    top_k, elements = param.integer("top_k"), count(scores[1:])
    if top_k > elements:
        raise param.error(f"expected a top_k of at most {elements}, found {top_k}", "top_k")
