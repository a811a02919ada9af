"""Layers that hold the scores of classes against labels: two losses, and Accuracy."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.formats.find import find_file
from caffetools.layers.base import (
    Blobs,
    Facts,
    Layer,
    Shape,
    Spec,
    between,
    canonical_axis,
    count,
    dims,
    exactly,
)
from caffetools.layers.checks import check_int, check_not_empty
from caffetools.layers.items import placed
from caffetools.layers.loss import LossLayer


class SoftmaxWithLoss(LossLayer):
    """The negative logarithm of the label's softmax, at each position (softmax_loss_layer.cpp).

    A second top, the softmax, is in Caffe's interface and cannot be had: for two tops one
    loss_weight is too few, and two are too many for the Softmax layer within, which gets them, too.
    """

    type: ClassVar[str] = "SoftmaxWithLoss"
    tops: ClassVar[Blobs] = between(1, 2)

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("softmax_param")
        if len(spec.tops) > 1 and spec.message.count("loss_weight") > 1:
            raise spec.message.error(
                "Caffe cannot set up a SoftmaxWithLoss layer of two tops: the Softmax layer in it "
                "has one top, and gets the loss_weights of both",
                "top",
            )

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        axis = canonical_axis(self.param.integer("axis"), bottoms[0], self.param)
        check_not_empty(bottoms[0][axis : axis + 1], bottoms[0])
        check_labels(bottoms[0], bottoms[1], axis)

    def target(self, first: Shape) -> Shape:
        return positions(first, canonical_axis(self.param.integer("axis"), first, self.param))


class InfogainLoss(LossLayer):
    """Cross-entropy weighted by a matrix of L x L classes (infogain_loss_layer.cpp).

    The matrix is a third bottom, or lies in a file. A second top is the softmax.
    """

    type: ClassVar[str] = "InfogainLoss"
    bottoms: ClassVar[Blobs] = between(2, 3)
    tops: ClassVar[Blobs] = between(1, 2)

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("infogain_loss_param")
        self.folder = spec.options.folder
        self.top_count = len(spec.tops)
        if spec.param("loss_param").has("normalize"):
            raise spec.param("loss_param").error(
                "an InfogainLoss layer takes normalization, not normalize", "normalize"
            )
        if len(spec.bottoms) < 3 and not self.param.has("source"):
            raise self.param.error("expected a source, or a third bottom with the matrix")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.check(bottoms)
        axis = canonical_axis(self.param.integer("axis"), bottoms[0], self.param)
        check_not_empty(bottoms[0][axis : axis + 1], bottoms[0])
        check_labels(bottoms[0], bottoms[1], axis)
        matrix, notes = (bottoms[2], ()) if len(bottoms) > 2 else self.matrix()
        classes = bottoms[0][axis]
        if matrix is not None and count(matrix) != classes**2:
            raise self.param.error(
                f"expected a matrix of {classes} x {classes} classes, found {dims(matrix)}",
                "source",
            )
        return Facts(((), bottoms[0])[: self.top_count], notes=notes)

    def matrix(self) -> tuple[Shape | None, tuple[str, ...]]:
        """The shape of the matrix in the file, or a note that it is not there."""
        path = find_file(self.param.text("source"), self.folder)
        if path is None:
            source = self.param.text("source")
            return None, (f"the matrix {source!a} is not there: its size is not checked",)
        from caffetools.formats.blob import read_blob_shape

        return placed(self.param, "source", partial(read_blob_shape, path)), ()


class Accuracy(Layer):
    """The share of labels among the top_k highest scores (accuracy_layer.cpp).

    A second top has the same for each class.
    """

    type: ClassVar[str] = "Accuracy"
    bottoms: ClassVar[Blobs] = exactly(2)
    tops: ClassVar[Blobs] = between(1, 2)

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("accuracy_param")
        self.top_count = len(spec.tops)
        check_int(self.param, "top_k")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        scores, labels = bottoms
        if count(labels) == 0:  # Caffe divides by it
            raise ShapeError("expected labels, found an empty bottom")
        axis = canonical_axis(self.param.integer("axis"), scores, self.param)
        check_labels(scores, labels, axis)
        top_k = self.param.integer("top_k")
        if top_k > scores[axis]:
            raise self.param.error(
                f"expected top_k of at most the {scores[axis]} classes, found {top_k}", "top_k"
            )
        return Facts(((), (scores[axis],))[: self.top_count])

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        scores, labels = bottoms
        if not scores or labels is not None:
            return {}
        return {
            1: positions(scores, canonical_axis(self.param.integer("axis"), scores, self.param))
        }


def positions(scores: Shape, axis: int) -> Shape:
    """The extents beside the axis of classes: of a label for each prediction."""
    return scores[:axis] + scores[axis + 1 :]


def check_labels(scores: Shape, labels: Shape, axis: int) -> None:
    """Raise ShapeError unless there is a label for each position beside the axis of classes."""
    predictions = positions(scores, axis)
    if count(predictions) != count(labels):
        raise ShapeError(
            f"expected a label for each of {count(predictions)} predictions ({dims(predictions)}), "
            f"found {count(labels)} ({dims(labels)})"
        )
