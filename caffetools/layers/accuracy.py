"""Accuracies: how often predictions match labels, for classes, pixels and sequences."""

from __future__ import annotations

from caffetools.errors import ShapeError
from caffetools.layers.base import ClassLabels, Facts, Layer, Spec
from caffetools.layers.blobs import Shape, between, count, dims, exactly
from caffetools.layers.checks import check_int, check_labels, four_axes, mismatch, positions


class Accuracy(Layer):
    """Fraction of labels among the top_k highest scores (accuracy_layer.cpp).

    A second top has the accuracy of each class.
    """

    type = "Accuracy"
    param_name = "accuracy_param"
    class_labels = ClassLabels("accuracy_param", "accuracy_param")
    bottoms = exactly(2)
    tops = between(1, 2)
    is_accuracy = True
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        check_int(self.param, "top_k")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        scores, labels = bottoms
        if count(labels) == 0:  # Caffe divides by it
            raise ShapeError("expected labels, found an empty bottom")
        axis = self.axis_of(scores)
        check_labels(scores, labels, axis)
        top_k = self.param.integer("top_k")
        if top_k > scores[axis]:
            text = f"expected top_k of at most the {scores[axis]} classes, found {top_k}"
            raise self.param.error(text, "top_k")
        return Facts(((), (scores[axis],))[: self.top_count])

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        scores, labels = bottoms
        if not scores or labels is not None:
            return {}
        return {1: positions(scores, self.axis_of(scores))}


class ForkAccuracy(Layer):
    """A measure of how a first bottom agrees with labels."""

    bottoms = exactly(2)
    is_accuracy = True
    is_global = True

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        scores, labels = bottoms
        if scores is None or labels is not None or len(scores) > 4:
            return {}
        return {1: self.labels(scores)}

    def labels(self, scores: Shape) -> Shape:
        """Return the shape of the labels, of four axes: one label per position."""
        num, _, height, width = four_axes(scores)
        return num, 1, height, width

    def check_labels(self, scores: Shape, labels: Shape) -> None:
        """Raise ShapeError for labels of another shape."""
        expected = self.labels(scores)
        if four_axes(labels) != expected:
            raise mismatch(f"labels of {dims(expected)}", labels)


class SegAccuracy(ForkAccuracy):
    """Scores (N, C, H, W), labels (N, 1, H, W) -> (1, 1, 1, 3) (seg_accuracy_layer.cpp).

    Accuracy of pixels, of classes, and intersection over union. The fork that saves the confusion
    matrix (Winstonxu123/LSTM-CF) has the precision of classes as its third.
    """

    type = "SegAccuracy"
    param_name = "seg_accuracy_param"
    origin = "hszhao/PSPNet"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.saves = self.param.has("save_frequency") or self.param.has("file_name")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if four_axes(bottoms[0])[1] == 0:
            raise mismatch("at least 1 class", bottoms[0])
        self.check_labels(*bottoms)
        return Facts(((1, 1, 1, 4 if self.saves else 3),))


class EltwiseAccuracy(ForkAccuracy):
    """Scores (N, C, H, W), labels (N, 1, H, W) -> (1, 1, 1, 1) (eltwise_accuracy_layer.cpp)."""

    type = "EltwiseAccuracy"
    param_name = "eltwise_accuracy_param"
    origin = "HyeonwooNoh/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        check_int(self.param, "top_k")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.check_labels(*bottoms)
        top_k, elements = self.param.integer("top_k"), count(bottoms[0][1:])
        if top_k > elements:
            text = f"expected a top_k of at most {elements}, found {top_k}"
            raise self.param.error(text, "top_k")
        return Facts(((1, 1, 1, 1),))


class AccuracyRegression(EltwiseAccuracy):
    """Two bottoms of one shape -> (1, 1, 1, 1) (accuracy_regression_layer.cpp)."""

    type = "AccuracyRegression"
    param_name = "accuracy_param"
    origin = "bearpaw/caffe"

    def labels(self, scores: Shape) -> Shape:
        return four_axes(scores)
