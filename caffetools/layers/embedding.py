"""Embed: a vector for each number."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import INT_MAX, Facts, Layer, Param, Shape, Spec, Step, product
from caffetools.layers.checks import check_not_empty
from caffetools.layers.fillers import check_filler


class Embed(Layer):
    """(M…) of integers below input_dim -> (M…, num_output) (embed_layer.cpp).

    Blobs: weight (input_dim, num_output), bias (num_output).
    """

    type: ClassVar[str] = "Embed"

    def __init__(self, spec: Spec) -> None:
        self.param = param = spec.param("embed_param")
        for name in ("num_output", "input_dim"):
            if not 0 < param.integer(name) <= INT_MAX:
                raise param.error(
                    f"expected {name} of at least 1 and below 2^31, found {param.integer(name)}",
                    name,
                )
        self.num_output = param.integer("num_output")
        self.params = [Param("weight", (param.integer("input_dim"), self.num_output))]
        if param.flag("bias_term"):
            self.params.append(Param("bias", (self.num_output,)))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        notes: tuple[str, ...] = ()
        for param in self.params:
            notes += check_filler(self.param.message(f"{param.role}_filler"), param)
        if len(self.params) == 2:
            check_not_empty(bottom, bottom)
        return Facts(((*bottom, self.num_output),), tuple(self.params), notes=notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [product(param.role, param.shape) for param in self.params]
