"""Losses that compare two bottoms element by element or item by item."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import ClassLabels, Facts, Layer
from caffetools.layers.blobs import Shape, between, count, exactly
from caffetools.layers.checks import four_axes, mismatch


class LossLayer(Layer):
    """(N, …), (N, …) -> scalar, with a default loss weight of 1 (loss_layer.cpp).

    force_backward does not reach the second bottom, usually the labels.
    """

    bottoms = exactly(2)
    automatic_tops = True
    is_loss = True
    force_backward: ClassVar[tuple[bool, ...]] = (True, False)
    is_global = True
    elementwise: ClassVar[bool] = False
    """Whether the second bottom has the shape of the first."""

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.check(bottoms)
        return Facts(((),))

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        """Raise ShapeError for bottoms whose shapes do not match."""
        for bottom in bottoms[:2]:
            if not bottom:
                raise ShapeError("expected bottoms of at least 1 axis, found a scalar")
        if bottoms[0][0] != bottoms[1][0]:
            raise mismatch("two bottoms of the same first extent", bottoms[0], bottoms[1])

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        first = bottoms[0]
        return {1: self.target(first)} if first and bottoms[1] is None else {}

    def target(self, first: Shape) -> Shape:
        """Return the shape of the second bottom: that of the first, or one label for each item."""
        return first if self.elementwise else first[:1]


class EuclideanLoss(LossLayer):
    """The sum of the squared differences, over 2 · N (euclidean_loss_layer.cpp)."""

    type = "EuclideanLoss"
    elementwise = True
    force_backward = ()

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        if count(bottoms[0][1:]) != count(bottoms[1][1:]):
            raise mismatch("as many elements per item in both bottoms", bottoms[0], bottoms[1])


class SigmoidCrossEntropyLoss(LossLayer):
    """The cross-entropy of sigmoids and targets (sigmoid_cross_entropy_loss_layer.cpp)."""

    type = "SigmoidCrossEntropyLoss"
    elementwise = True

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        if count(bottoms[0]) != count(bottoms[1]):
            raise mismatch("a target for each element", bottoms[0], bottoms[1])


class HingeLoss(LossLayer):
    """One class against all others, L1 or L2 (hinge_loss_layer.cpp)."""

    type = "HingeLoss"
    class_labels = ClassLabels()


class MultinomialLogisticLoss(LossLayer):
    """The negative logarithm of the label's probability (multinomial_logistic_loss_layer.cpp)."""

    type = "MultinomialLogisticLoss"
    class_labels = ClassLabels()

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        check_vectors(bottoms[1], "second bottom", channels=1)


class ContrastiveLoss(LossLayer):
    """Pulls pairs together or apart: (N, C), (N, C), (N) -> scalar (contrastive_loss_layer.cpp).

    The third bottom is 1 for similar pairs.
    """

    type = "ContrastiveLoss"
    bottoms = exactly(3)
    force_backward = (True, True, False)

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        first, second, similar = bottoms
        channels = check_vectors(first, "first bottom")
        check_vectors(second, "second bottom", channels=channels)
        check_vectors(similar, "third bottom", channels=1)
        super().check(bottoms)


class L1Loss(EuclideanLoss):
    """The sum of the differences' absolute values, over N (l1_loss_layer.cpp)."""

    type = "L1Loss"
    origin = "NVIDIA/caffe"


class SmoothL1Loss(LossLayer):
    """The sum of 0.5 · d² where |d| is small, |d| - 0.5 beyond, over N (smooth_L1_loss_layer.cpp).

    A third bottom weighs the differences (Fast R-CNN, daijifeng001/caffe-rfcn), a fourth the
    losses (rbgirshick/caffe-fast-rcnn). The forks with weights have no default loss weight.
    """

    type = "SmoothL1Loss"
    elementwise = True
    bottoms = between(2, 4)
    force_backward = ()
    origin = "rbgirshick/caffe-fast-rcnn"

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        for bottom in bottoms[1:]:
            if four_axes(bottom)[1:] != four_axes(bottoms[0])[1:]:
                raise mismatch("bottoms of the same channels, height and width", bottoms[0], bottom)


class SmoothL1LossOHEM(SmoothL1Loss):
    """SmoothL1Loss with weights; a second top has the loss of each position, (N, 1, H, W).

    It has no default loss weight (smooth_l1_loss_ohem_layer.cpp).
    """

    type = "SmoothL1LossOHEM"
    bottoms = between(2, 3)
    tops = between(1, 2)
    is_loss = False
    origin = "daijifeng001/caffe-rfcn"

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.check(bottoms)
        num, _, height, width = four_axes(bottoms[0])
        return Facts(((), (num, 1, height, width))[: self.top_count])


def check_vectors(bottom: Shape, what: str, channels: int | None = None) -> int:
    """Return the channels of a bottom whose items are vectors.

    Raises ShapeError for a height or width other than 1, and for channels other than `channels`.
    """
    _, found, height, width = four_axes(bottom)
    if (height, width) != (1, 1):
        raise mismatch(f"a {what} of height and width 1", bottom)
    if channels is not None and found != channels:
        raise mismatch(f"a {what} of {channels} channels", bottom)
    return found
