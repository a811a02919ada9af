"""InnerDistance, a fork's inner product that measures how far items are from the weights."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import (
    Blobs,
    Facts,
    Layer,
    Param,
    Shape,
    Spec,
    Step,
    between,
    canonical_axis,
    count,
    product,
)
from caffetools.layers.checks import check_int
from caffetools.layers.fillers import check_filler
from caffetools.layers.legacy import four_axes


class InnerDistance(Layer):
    """(M…, K…) -> (M…, num_output), where K… are the axes from `axis` on, flattened.

    Blob: weight (num_output, K), or (K, num_output) with `transpose` (inner_distance_layer.cpp).
    A second bottom (num_output, …) is the weight, unless `update_center_only` keeps both; a third
    holds labels. The layer's first version has a bias (num_output), too: a `bias_filler` or
    `bias_term: true` tells it from today's, which reads neither.
    """

    type: ClassVar[str] = "InnerDistance"
    bottoms: ClassVar[Blobs] = between(1, 3)
    origin: ClassVar[str | None] = "happynear/caffe-windows"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("inner_distance_param")
        check_int(self.param, "num_output")
        weights = 2 if self.param.flag("update_center_only") else 1
        self.owns_weight = len(spec.bottoms) <= weights
        self.bias = self.param.has("bias_filler") or (
            self.param.has("bias_term") and self.param.flag("bias_term")
        )

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        axis = canonical_axis(self.param.integer("axis"), bottoms[0], self.param)
        params = self.params(bottoms)
        notes: tuple[str, ...] = ()
        for param in params:
            notes += check_filler(self.param.message(f"{param.role}_filler"), param)
        return Facts(((*bottoms[0][:axis], self.outputs(bottoms)),), params, notes=notes)

    def outputs(self, bottoms: tuple[Shape, ...]) -> int:
        """To how many weights there is a distance."""
        return four_axes(bottoms[1])[0] if len(bottoms) > 1 else self.param.integer("num_output")

    def params(self, bottoms: tuple[Shape, ...]) -> tuple[Param, ...]:
        """The blobs."""
        if not self.owns_weight:
            return ()
        axis = canonical_axis(self.param.integer("axis"), bottoms[0], self.param)
        shape = (self.outputs(bottoms), count(bottoms[0][axis:]))
        weight = Param("weight", shape[::-1] if self.param.flag("transpose") else shape)
        return (weight, Param("bias", shape[:1])) if self.bias else (weight,)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        axis = canonical_axis(self.param.integer("axis"), bottoms[0], self.param)
        return [
            product("inputs", bottoms[0][axis:]),
            *(product(param.role, param.shape) for param in self.params(bottoms)),
        ]
