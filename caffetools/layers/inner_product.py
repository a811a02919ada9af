"""InnerProduct: fully connected layers."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import (
    Facts,
    Layer,
    Param,
    Shape,
    Spec,
    Step,
    canonical_axis,
    count,
    product,
)
from caffetools.layers.checks import check_not_empty
from caffetools.layers.fillers import check_filler


class InnerProduct(Layer):
    """(M…, K…) -> (M…, num_output), where K… are the axes from `axis` on, flattened.

    Blobs: weight (num_output, K), or (K, num_output) with `transpose`; bias (num_output)
    (inner_product_layer.cpp).
    """

    type: ClassVar[str] = "InnerProduct"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("inner_product_param")
        self.num_output = self.param.integer("num_output")
        self.bias = self.param.flag("bias_term")
        self.transpose = self.param.flag("transpose")

    def axis(self, bottom: Shape) -> int:
        """The first axis that is flattened."""
        return canonical_axis(self.param.integer("axis"), bottom, self.param)

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        axis = self.axis(bottom)
        inputs = count(bottom[axis:])
        shape = (inputs, self.num_output) if self.transpose else (self.num_output, inputs)
        params = [Param("weight", shape)]
        if self.bias:
            params.append(Param("bias", (self.num_output,)))
        notes: tuple[str, ...] = ()
        for param in params:
            notes += check_filler(self.param.message(f"{param.role}_filler"), param)
        if self.bias:
            check_not_empty(bottom[:axis], bottom)
        macs = count(bottom[:axis]) * self.num_output * inputs
        return Facts(((*bottom[:axis], self.num_output),), tuple(params), macs, notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, facts = bottoms[0], self.facts(bottoms)
        axis = self.axis(bottom)
        return [
            product("inputs", bottom[axis:]),
            *(product(param.role, param.shape) for param in facts.params),
            product("multiply-accumulates", (*bottom[:axis], *facts.params[0].shape)),
        ]
