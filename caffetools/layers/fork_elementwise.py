"""Forks' layers that compute each element from those at its place."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import Blobs, Facts, Layer, Shape, dims, exactly


class ReLU6(Layer):
    """min(max(0, x), 6) (relu6_layer.cpp)."""

    type: ClassVar[str] = "ReLU6"
    origin: ClassVar[str | None] = "eric612/MobileNet-YOLO"


class Axpy(Layer):
    """a · x + y: (N, C, 1, 1), (N, C, …), (N, C, …) -> (N, C, …) (axpy_layer.cpp)."""

    type: ClassVar[str] = "Axpy"
    bottoms: ClassVar[Blobs] = exactly(3)
    origin: ClassVar[str | None] = "hujie-frank/SENet"

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        factors, first, second = bottoms
        if first != second:
            raise ShapeError(
                f"expected a second and third bottom of one shape, "
                f"found {dims(first)} and {dims(second)}"
            )
        spread = factors[2:] if len(factors) == 4 else ()
        if (
            min(len(factors), len(first)) < 2
            or factors[:2] != first[:2]
            or spread not in ((), (1, 1))
        ):
            raise ShapeError(
                f"expected a factor for each channel of {dims(first)}, found {dims(factors)}"
            )
        return Facts((first,))
