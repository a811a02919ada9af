"""Layers that put elements of several blobs together, of which one may be learned."""

from __future__ import annotations

from functools import reduce

from caffetools.layers.base import canonical_axis
from caffetools.layers.elementwise import Bias, Eltwise, Scale
from caffetools.torch.emit.activation import scaled
from caffetools.torch.emit.base import (
    Binary,
    Bottom,
    Emission,
    Emitters,
    Expression,
    Member,
    Own,
    Place,
    Slot,
    X,
    call,
    differing,
    values,
)
from caffetools.torch.emit.fillers import filled


def eltwise(layer: Eltwise, place: Place) -> Emission:
    """A sum, with its coefficients, a product or a maximum."""
    bottoms: list[Expression] = [Bottom(index) for index in range(len(place.bottoms))]
    if layer.operation == "MAX":
        return values(call("elementwise_max", *bottoms))
    if layer.operation == "PROD":
        return values(reduce(lambda left, right: Binary(left, "*", right), bottoms))
    factors = place.param("eltwise_param").numbers("coeff") or [1.0] * len(bottoms)
    result = scaled(bottoms[0], factors[0], 0.0)
    for bottom, factor in zip(bottoms[1:], factors[1:], strict=True):
        sign = "-" if factor < 0 else "+"
        result = Binary(result, sign, scaled(bottom, abs(factor), 0.0))
    return values(result)


def scale(layer: Scale, place: Place) -> Emission:
    """By the second bottom, or by what is learned."""
    if len(place.bottoms) == 1:
        return _learned("Scale", layer, place, bias=layer.bias)
    product = call("multiply_along", X, Bottom(1), **_axis(layer, place))
    if not layer.bias:
        return values(product)
    bias = Member(call("Bias", place.params[0].shape, **_axis(layer, place)))
    return Emission((call(Own(), product),), (bias,), _slots(layer, place))


def bias(layer: Bias, place: Place) -> Emission:
    """The second bottom added, or what is learned."""
    if len(place.bottoms) == 1:
        return _learned("Bias", layer, place, bias=False)
    return values(call("add_along", X, Bottom(1), **_axis(layer, place)))


def _learned(helper: str, layer: Scale | Bias, place: Place, *, bias: bool) -> Emission:
    options = {**_axis(layer, place), **differing(bias=(bias, False))}
    module = Member(call(helper, place.params[0].shape, **options))
    return Emission((call(Own(), X),), (module,), _slots(layer, place))


def _axis(layer: Scale | Bias, place: Place) -> dict[str, Expression]:
    """Where the axes of the smaller tensor begin; a scalar has none."""
    smaller = place.bottoms[1] if len(place.bottoms) > 1 else place.params[0].shape
    axis = (
        canonical_axis(layer.param.integer("axis"), place.bottoms[0], layer.param) if smaller else 0
    )
    return differing(axis=(axis, 1))


def _slots(layer: Scale | Bias, place: Place) -> tuple[Slot, ...]:
    """A bias is filled by bias_filler in a Scale, by filler in a Bias."""
    slots = []
    for param in place.params:
        if param.role == "scale":
            name, attribute, default = "filler", "weight", 1.0
        else:
            name = "bias_filler" if isinstance(layer, Scale) else "filler"
            attribute, default = "bias", 0.0
        filler = layer.param.message(name)
        fill = filled(filler, default, given=layer.param.has(name), start=default)
        slots.append(Slot(attribute, fill))
    return tuple(slots)


EMITTERS: Emitters = {Bias: bias, Eltwise: eltwise, Scale: scale}
