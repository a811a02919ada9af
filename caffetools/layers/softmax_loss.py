"""Losses that apply a softmax to their first bottom."""

from __future__ import annotations

from functools import partial

from caffetools.formats.files import find_file
from caffetools.layers.base import ClassLabels, Facts, Spec
from caffetools.layers.blobs import Shape, between, count, dims
from caffetools.layers.checks import check_labels, check_not_empty, positions
from caffetools.layers.items import placed
from caffetools.layers.loss import LossLayer


class SoftmaxLoss(LossLayer):
    """A loss of scores, with a softmax along `axis`, and a class label for each position."""

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        axis = self.axis_of(bottoms[0])
        check_not_empty(bottoms[0][axis : axis + 1], bottoms[0])
        check_labels(bottoms[0], bottoms[1], axis)

    def target(self, first: Shape) -> Shape:
        return positions(first, self.axis_of(first))


class SoftmaxWithLoss(SoftmaxLoss):
    """The negative logarithm of the label's softmax, at each position (softmax_loss_layer.cpp).

    Caffe's interface has a second top, the softmax, but its setup always fails: two tops require
    two loss_weights, which the internal Softmax layer of one top inherits and refuses.
    """

    type = "SoftmaxWithLoss"
    param_name = "softmax_param"
    class_labels = ClassLabels("softmax_param", "loss_param")
    tops = between(1, 2)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        if len(spec.tops) > 1 and spec.message.count("loss_weight") > 1:
            raise spec.message.error(
                "Caffe cannot set up SoftmaxWithLoss with two tops: its internal Softmax layer has "
                "one top, but inherits both loss_weights",
                "top",
            )


class InfogainLoss(SoftmaxLoss):
    """Cross-entropy weighted by a matrix of L x L classes (infogain_loss_layer.cpp).

    The matrix is a third bottom or in a file. A second top is the softmax.
    """

    type = "InfogainLoss"
    param_name = "infogain_loss_param"
    class_labels = ClassLabels("infogain_loss_param", "loss_param")
    bottoms = between(2, 3)
    tops = between(1, 2)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.folder = spec.options.folder
        if spec.param("loss_param").has("normalize"):
            text = "InfogainLoss expected normalization, found normalize"
            raise spec.param("loss_param").error(text, "normalize")
        if len(spec.bottoms) < 3 and not self.param.has("source"):
            raise self.param.error("expected a source, or a third bottom with the matrix")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.check(bottoms)
        matrix, notes = (bottoms[2], ()) if len(bottoms) > 2 else self.matrix()
        classes = bottoms[0][self.axis_of(bottoms[0])]
        if matrix is not None and count(matrix) != classes**2:
            text = f"expected a matrix of {classes} x {classes} classes, found {dims(matrix)}"
            raise self.param.error(text, "source")
        return Facts(((), bottoms[0])[: self.top_count], notes=notes)

    def matrix(self) -> tuple[Shape | None, tuple[str, ...]]:
        """Return the shape of the matrix in the file, None and a note without the file."""
        path = find_file(self.param.text("source"), self.folder)
        if path is None:
            source = self.param.text("source")
            return None, (f"the matrix {source!a} does not exist; its size is not checked",)
        from caffetools.formats.blob import read_blob_shape

        return placed(self.param, "source", partial(read_blob_shape, path)), ()


class SoftmaxWithLossOHEM(SoftmaxLoss):
    """SoftmaxWithLoss whose second top is the softmax, the third the loss of each position.

    (softmax_loss_ohem_layer.cpp)
    """

    type = "SoftmaxWithLossOHEM"
    param_name = "softmax_param"
    tops = between(1, 3)
    origin = "daijifeng001/caffe-rfcn"

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.check(bottoms)
        return Facts(((), *bottoms)[: self.top_count])
