"""Layers that give the elements of their bottom other axes, repeat them or add them up."""

from __future__ import annotations

from caffetools.layers.reshaping import Flatten, Reduction, Reshape, Tile
from caffetools.torch.emit.base import (
    Binary,
    Context,
    Emission,
    Emitters,
    Expression,
    X,
    method,
    values,
)


def reshape(layer: Reshape, context: Context) -> Emission:
    """An extent that Caffe keeps is asked of the tensor, so that other batches pass."""
    bottom = context.bottoms[0]
    start, end = layer.replaced(bottom)
    extents: list[Expression] = [method(X, "size", axis) for axis in range(start)]
    extents += [
        method(X, "size", start + index) if extent == 0 else extent
        for index, extent in enumerate(layer.given)
    ]
    extents += [method(X, "size", axis) for axis in range(end, len(bottom))]
    return values(method(X, "reshape", *extents) if extents else method(X, "reshape", ()))


def flatten(layer: Flatten, context: Context) -> Emission:
    """`flatten`, or a new axis where no axis is flattened."""
    bottom = context.bottoms[0]
    start, end = layer.flattened(bottom)
    if start == end:
        return values(method(X, "unsqueeze", start))
    ends = (start,) if end == len(bottom) else (start, end - 1)
    return values(method(X, "flatten", *ends))


def tile(layer: Tile, context: Context) -> Emission:
    """The bottom as often as asked."""
    bottom, axis = context.bottoms[0], layer.axis_of(context.bottoms[0])
    times = [layer.tiles if index == axis else 1 for index in range(len(bottom))]
    return values(method(X, "repeat", *times))


def reduction(layer: Reduction, context: Context) -> Emission:
    """Sums over the axes from `axis` on, times the coefficient."""
    bottom, axis = context.bottoms[0], layer.axis_of(context.bottoms[0])
    terms = X if axis == len(bottom) - 1 else method(X, "flatten", axis)
    if layer.operation == "ASUM":
        terms = method(terms, "abs")
    elif layer.operation == "SUMSQ":
        terms = method(terms, "square")
    result = method(terms, "mean" if layer.operation == "MEAN" else "sum", axis)
    coefficient = layer.param.number("coeff")
    return values(result if coefficient == 1 else Binary(coefficient, "*", result))


EMITTERS: Emitters = {Flatten: flatten, Reduction: reduction, Reshape: reshape, Tile: tile}
