"""Layers that put elements of several blobs together, of which one may be learned."""

from __future__ import annotations

from functools import reduce

from caffetools.layers.base import canonical_axis, count, dims
from caffetools.layers.elementwise import Axpy, Bias, Eltwise, Scale
from caffetools.torch.emit.activation import scaled
from caffetools.torch.emit.base import (
    Binary,
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    Member,
    MemberRef,
    Slot,
    X,
    call,
    differing,
    method,
    values,
)
from caffetools.torch.emit.fillers import filled


def eltwise(layer: Eltwise, context: Context) -> Emission:
    """A sum, with its coefficients, a product or a maximum."""
    bottoms: list[Expression] = [Bottom(index) for index in range(len(context.bottoms))]
    if layer.operation == "MAX":
        return values(call("elementwise_max", *bottoms))
    if layer.operation == "PROD":
        return values(reduce(lambda left, right: Binary(left, "*", right), bottoms))
    factors = context.param("eltwise_param").numbers("coeff") or [1.0] * len(bottoms)
    result = scaled(bottoms[0], factors[0], 0.0)
    for bottom, factor in zip(bottoms[1:], factors[1:], strict=True):
        sign = "-" if factor < 0 else "+"
        result = Binary(result, sign, scaled(bottom, abs(factor), 0.0))
    return values(result)


def scale(layer: Scale, context: Context) -> Emission:
    """By the second bottom, or by what is learned."""
    if len(context.bottoms) == 1:
        return _learned("Scale", layer, context, bias=layer.bias)
    product = call("multiply_along", X, Bottom(1), **_axis(layer, context))
    if not layer.bias:
        return values(product)
    bias = Member(call("Bias", context.params[0].shape, **_axis(layer, context)))
    return Emission((call(MemberRef(), product),), (bias,), _slots(layer, context))


def bias(layer: Bias, context: Context) -> Emission:
    """The second bottom added, or what is learned."""
    if len(context.bottoms) == 1:
        return _learned("Bias", layer, context, bias=False)
    return values(call("add_along", X, Bottom(1), **_axis(layer, context)))


def _learned(helper: str, layer: Scale | Bias, context: Context, *, bias: bool) -> Emission:
    options = {**_axis(layer, context), **differing(bias=(bias, False))}
    module = Member(call(helper, context.params[0].shape, **options))
    return Emission((call(MemberRef(), X),), (module,), _slots(layer, context))


def _axis(layer: Scale | Bias, context: Context) -> dict[str, Expression]:
    """Where the axes of the smaller tensor begin; a scalar has none."""
    smaller = context.bottoms[1] if len(context.bottoms) > 1 else context.params[0].shape
    if not smaller:
        return differing(axis=(0, 1))
    axis = canonical_axis(layer.param.integer("axis"), context.bottoms[0], layer.param)
    return differing(axis=(axis, 1))


def _slots(layer: Scale | Bias, context: Context) -> tuple[Slot, ...]:
    """A bias is filled by bias_filler in a Scale, by filler in a Bias."""
    slots = []
    for param in context.params:
        if param.role == "scale":
            name, attribute, default = "filler", "weight", 1.0
        else:
            name = "bias_filler" if isinstance(layer, Scale) else "filler"
            attribute, default = "bias", 0.0
        filler = layer.param.message(name)
        fill = filled(filler, default, given=layer.param.has(name), start=default)
        slots.append(Slot(attribute, fill))
    return tuple(slots)


def axpy(_: Axpy, context: Context) -> Emission:
    """`torch.addcmul`, with the factor of each channel spread over its positions."""
    factors, first = context.bottoms[:2]
    if count(factors) != count(first[:2]):
        raise context.error(
            f"expected a factor for each channel of {dims(first)}, found {dims(factors)}"
        )
    ones = (1,) * (len(first) - 2)
    spread: Expression = X
    if factors != (*first[:2], *ones):
        spread = method(X, "reshape", method(X, "size", 0), -1, *ones)
    return values(call("torch.addcmul", Bottom(2), spread, Bottom(1)))


EMITTERS: Emitters = {Axpy: axpy, Bias: bias, Eltwise: eltwise, Scale: scale}
