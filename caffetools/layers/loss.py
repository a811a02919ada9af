"""Losses: a scalar that says how far two bottoms are apart."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import (
    Blobs,
    Facts,
    Layer,
    Shape,
    count,
    dims,
    exactly,
)
from caffetools.layers.legacy import four_axes


class LossLayer(Layer):
    """(N, …), (N, …) -> a scalar, which counts as a loss with weight 1 by itself (loss_layer.cpp).

    A net with force_backward computes no gradient for the second bottom, as a rule the labels.
    """

    bottoms: ClassVar[Blobs] = exactly(2)
    automatic_tops: ClassVar[bool] = True
    is_loss: ClassVar[bool] = True
    force_backward: ClassVar[tuple[bool, ...]] = (True, False)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.check(bottoms)
        return Facts(((),))

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        """Raise ShapeError for bottoms that do not fit together."""
        for bottom in bottoms[:2]:
            if not bottom:
                raise ShapeError("expected bottoms of at least 1 axis, found a scalar")
        if bottoms[0][0] != bottoms[1][0]:
            raise ShapeError(
                "expected two bottoms of the same first extent, "
                f"found {dims(bottoms[0])} and {dims(bottoms[1])}"
            )

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        first = bottoms[0]
        return {1: self.target(first)} if first and bottoms[1] is None else {}

    def target(self, first: Shape) -> Shape:
        """The second bottom for a first one: a label for each item."""
        return first[:1]


class EuclideanLoss(LossLayer):
    """The sum of the squared differences, over 2 · N (euclidean_loss_layer.cpp)."""

    type: ClassVar[str] = "EuclideanLoss"
    force_backward: ClassVar[tuple[bool, ...]] = ()

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        if count(bottoms[0][1:]) != count(bottoms[1][1:]):
            raise ShapeError(
                "expected two bottoms with as many elements an item, "
                f"found {dims(bottoms[0])} and {dims(bottoms[1])}"
            )

    def target(self, first: Shape) -> Shape:
        return first


class SigmoidCrossEntropyLoss(LossLayer):
    """The cross-entropy of sigmoids and targets (sigmoid_cross_entropy_loss_layer.cpp)."""

    type: ClassVar[str] = "SigmoidCrossEntropyLoss"

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        if count(bottoms[0]) != count(bottoms[1]):
            raise ShapeError(
                "expected a target for each element, "
                f"found {dims(bottoms[0])} and {dims(bottoms[1])}"
            )

    def target(self, first: Shape) -> Shape:
        return first


class HingeLoss(LossLayer):
    """One class against all others, L1 or L2 (hinge_loss_layer.cpp)."""

    type: ClassVar[str] = "HingeLoss"


class MultinomialLogisticLoss(LossLayer):
    """The negative logarithm of the label's probability (multinomial_logistic_loss_layer.cpp)."""

    type: ClassVar[str] = "MultinomialLogisticLoss"

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        check_vectors(bottoms[1], "second bottom", channels=1)


class ContrastiveLoss(LossLayer):
    """Draws pairs together or apart: (N, C), (N, C), (N) -> a scalar (contrastive_loss_layer.cpp).

    The third bottom says which pairs are alike.
    """

    type: ClassVar[str] = "ContrastiveLoss"
    bottoms: ClassVar[Blobs] = exactly(3)
    force_backward: ClassVar[tuple[bool, ...]] = (True, True, False)

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        first, second, alike = bottoms
        channels = check_vectors(first, "first bottom")
        check_vectors(second, "second bottom", channels=channels)
        check_vectors(alike, "third bottom", channels=1)
        super().check(bottoms)


def check_vectors(bottom: Shape, what: str, channels: int | None = None) -> int:
    """How many channels a bottom has that may have nothing but channels in each item.

    Raises ShapeError for further extents, and for more or fewer `channels`.
    """
    _, found, height, width = four_axes(bottom)
    if (height, width) != (1, 1):
        raise ShapeError(f"expected a {what} of height and width 1, found {dims(bottom)}")
    if channels is not None and found != channels:
        raise ShapeError(f"expected a {what} of {channels} channels, found {dims(bottom)}")
    return found
