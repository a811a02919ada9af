"""InnerProduct and Embed: matrix products."""

from __future__ import annotations

from caffetools.layers.linear import Embed, InnerProduct
from caffetools.torch.emit.base import (
    Context,
    Emission,
    Emitters,
    Member,
    MemberRef,
    Slot,
    X,
    call,
    differing,
    method,
)
from caffetools.torch.emit.fillers import filled


def inner_product(layer: InnerProduct, context: Context) -> Emission:
    """`nn.Linear` over the axes from `axis` on."""
    bottom = context.bottoms[0]
    axis = layer.axis_of(bottom)
    flat = X if axis == len(bottom) - 1 else method(X, "flatten", axis)
    inputs = context.params[0].shape[0 if layer.transpose else 1]
    function = "TransposedLinear" if layer.transpose else "nn.Linear"
    module = call(function, inputs, layer.num_output, **differing(bias=(layer.bias, True)))
    start = 0.0 if layer.transpose else None
    return Emission((call(MemberRef(), flat),), (Member(module),), _slots(layer, context, start))


def embed(layer: Embed, context: Context) -> Emission:
    """A row of the weight for each index."""
    bias = len(layer.params) == 2
    module = call("Embed", *layer.params[0].shape, **differing(bias=(bias, True)))
    return Emission((call(MemberRef(), X),), (Member(module),), _slots(layer, context, 0.0))


def _slots(layer: InnerProduct | Embed, context: Context, start: float | None) -> tuple[Slot, ...]:
    return tuple(
        Slot(
            param.role,
            filled(
                layer.param.message(f"{param.role}_filler"),
                given=layer.param.has(f"{param.role}_filler"),
                start=start,
            ),
        )
        for param in context.params
    )


EMITTERS: Emitters = {Embed: embed, InnerProduct: inner_product}
