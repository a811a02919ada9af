"""Reduction: the sum, the sum of absolute values or squares, or the mean of trailing axes."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import Facts, Layer, Shape, Spec, Step, canonical_axis, product
from caffetools.layers.checks import check_not_empty


class Reduction(Layer):
    """(M…, K…) -> (M…): K… are the axes from `axis` on, all by default (reduction_layer.cpp)."""

    type: ClassVar[str] = "Reduction"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("reduction_param")
        self.operation = self.param.text("operation")

    def axis(self, bottom: Shape) -> int:
        """The first axis that is reduced."""
        return canonical_axis(self.param.integer("axis"), bottom, self.param)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, axis = bottoms[0], self.axis(bottoms[0])
        if self.operation in ("SUM", "MEAN"):
            check_not_empty(bottom[axis:], bottom)
        return Facts((bottom[:axis],))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, axis = bottoms[0], self.axis(bottoms[0])
        return [product("sums", bottom[:axis]), product("terms of each", bottom[axis:])]

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None
