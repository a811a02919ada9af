"""Eltwise, Scale, Bias and Axpy: elementwise operations of several blobs, one possibly learned."""

from __future__ import annotations

from functools import reduce

from caffetools.layers.blobs import canonical_axis, count, dims
from caffetools.layers.elementwise import Axpy, Bias, Eltwise, Scale
from caffetools.torch.emit.activation import scaled
from caffetools.torch.emit.base import (
    Binary,
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    Slot,
    X,
    call,
    differing,
    method,
    module,
)
from caffetools.torch.emit.fillers import slot


def eltwise(layer: Eltwise, context: Context) -> Expression:
    """A sum with coefficients, a product, or the helper `elementwise_max`.

    In place, Caffe clears the first bottom before it reads it for a sum or a maximum; the sum's
    gradient still reaches it.
    """
    bottoms: tuple[Expression, ...] = context.inputs()
    if layer.in_place and layer.operation == "SUM":
        bottoms = (Binary(X, "-", method(X, "detach")), *bottoms[1:])
    if layer.in_place and layer.operation == "MAX":
        bottoms = bottoms[1:] or bottoms
    if layer.operation == "MAX":
        return call("elementwise_max", *bottoms) if len(bottoms) > 1 else bottoms[0]
    if layer.operation == "PROD":
        factors = bottoms if layer.stable else [call("nan_at_zero", each) for each in bottoms]
        return reduce(lambda left, right: Binary(left, "*", right), factors)
    weights = context.param("eltwise_param").numbers("coeff") or [1.0] * len(bottoms)
    result = scaled(bottoms[0], weights[0])
    for bottom, weight in zip(bottoms[1:], weights[1:], strict=True):
        result = Binary(result, "-" if weight < 0 else "+", scaled(bottom, abs(weight)))
    return result


def scale(layer: Scale, context: Context) -> Emission | Expression:
    """The helper `Scale`, or `multiply_along` and `Bias` with a second bottom."""
    if len(context.bottoms) == 1:
        return _learned("Scale", layer, context, X, bias=layer.bias)
    product = call("multiply_along", X, Bottom(1), **_axis(layer, context))
    return _learned("Bias", layer, context, product) if layer.bias else product


def bias(layer: Bias, context: Context) -> Emission | Expression:
    """The helper `Bias`, or `add_along` with a second bottom."""
    if len(context.bottoms) == 1:
        return _learned("Bias", layer, context, X)
    return call("add_along", X, Bottom(1), **_axis(layer, context))


def _learned(
    helper: str, layer: Scale | Bias, context: Context, x: Expression, *, bias: bool = False
) -> Emission:
    options = {**_axis(layer, context), **differing(bias=(bias, False))}
    constructor = call(helper, context.params[0].shape, **options)
    return module(constructor, *_slots(layer, context), inputs=(x,))


def _axis(layer: Scale | Bias, context: Context) -> dict[str, Expression]:
    """Return the axis of the bottom at which the smaller tensor starts, 0 for a scalar."""
    smaller = context.bottoms[1] if len(context.bottoms) > 1 else context.params[0].shape
    if not smaller:
        return {"axis": 0}
    axis = canonical_axis(layer.param.integer("axis"), context.bottoms[0], layer.param)
    return differing(axis=(axis, 1))


def _slots(layer: Scale | Bias, context: Context) -> list[Slot]:
    """Return the slots; the filler of a bias is bias_filler in Scale, filler in Bias."""
    names = {"scale": "filler", "bias": "bias_filler" if isinstance(layer, Scale) else "filler"}
    starts = {"scale": ("weight", 1.0), "bias": ("bias", 0.0)}
    slots = []
    for param in context.params:
        attribute, start = starts[param.role]
        slots.append(slot(attribute, layer.param, names[param.role], start, start))
    return slots


def axpy(_: Axpy, context: Context) -> Expression:
    """`torch.addcmul`, with the factor of each channel broadcast over its positions."""
    factors, first = context.bottoms[:2]
    if count(factors) != count(first[:2]):
        raise context.error(
            f"expected a factor for each channel of {dims(first)}, found {dims(factors)}"
        )
    ones = (1,) * (len(first) - 2)
    spread: Expression = X
    if factors != (*first[:2], *ones):
        spread = method(X, "reshape", method(X, "size", 0), -1, *ones)
    return call("torch.addcmul", Bottom(2), spread, Bottom(1))


EMITTERS: Emitters = {Axpy: axpy, Bias: bias, Eltwise: eltwise, Scale: scale}
