"""InnerProduct and Embed."""

from __future__ import annotations

from caffetools.layers.linear import Embed, InnerProduct
from caffetools.torch.emit.base import (
    Context,
    Emission,
    Emitters,
    Slot,
    X,
    call,
    differing,
    method,
    module,
)
from caffetools.torch.emit.fillers import slot


def inner_product(layer: InnerProduct, context: Context) -> Emission:
    """`nn.Linear` over the axes from `axis` on, or `TransposedLinear`."""
    bottom = context.bottoms[0]
    axis = layer.axis_of(bottom)
    flat = X if axis == len(bottom) - 1 else method(X, "flatten", axis)
    inputs = context.params[0].shape[0 if layer.transpose else 1]
    function, start = ("TransposedLinear", 0.0) if layer.transpose else ("nn.Linear", None)
    constructor = call(function, inputs, layer.num_output, **differing(bias=(layer.bias, True)))
    return module(constructor, *_slots(layer, context, start), inputs=(flat,))


def embed(layer: Embed, context: Context) -> Emission:
    """The helper `Embed`."""
    bias = len(layer.params) == 2
    constructor = call("Embed", *layer.params[0].shape, **differing(bias=(bias, True)))
    return module(constructor, *_slots(layer, context, 0.0))


def _slots(layer: InnerProduct | Embed, context: Context, start: float | None) -> list[Slot]:
    roles = [param.role for param in context.params]
    return [slot(role, layer.param, f"{role}_filler", start=start) for role in roles]


EMITTERS: Emitters = {Embed: embed, InnerProduct: inner_product}
