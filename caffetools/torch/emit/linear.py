"""InnerProduct and Embed: matrix products."""

from __future__ import annotations

from caffetools.layers.embedding import Embed
from caffetools.layers.inner_product import InnerProduct
from caffetools.torch.emit.base import (
    Emission,
    Emitters,
    Member,
    Own,
    Place,
    Slot,
    X,
    call,
    differing,
    method,
)
from caffetools.torch.emit.fillers import filled


def inner_product(layer: InnerProduct, place: Place) -> Emission:
    """`nn.Linear` over the axes from `axis` on."""
    bottom = place.bottoms[0]
    axis = layer.axis(bottom)
    flat = X if axis == len(bottom) - 1 else method(X, "flatten", axis)
    inputs = place.params[0].shape[0 if layer.transpose else 1]
    function = "TransposedLinear" if layer.transpose else "nn.Linear"
    module = call(function, inputs, layer.num_output, **differing(bias=(layer.bias, True)))
    start = 0.0 if layer.transpose else None
    return Emission((call(Own(), flat),), (Member(module),), _slots(layer, place, start))


def embed(layer: Embed, place: Place) -> Emission:
    """A row of the weight for each index."""
    bias = len(layer.params) == 2
    module = call("Embed", *layer.params[0].shape, **differing(bias=(bias, True)))
    return Emission((call(Own(), X),), (Member(module),), _slots(layer, place, 0.0))


def _slots(layer: InnerProduct | Embed, place: Place, start: float | None) -> tuple[Slot, ...]:
    return tuple(
        Slot(
            param.role,
            filled(
                layer.param.message(f"{param.role}_filler"),
                given=layer.param.has(f"{param.role}_filler"),
                start=start,
            ),
        )
        for param in place.params
    )


EMITTERS: Emitters = {Embed: embed, InnerProduct: inner_product}
