"""Reshape, Flatten, Tile and Reduction."""

from __future__ import annotations

from caffetools.layers.reshaping import Flatten, Reduction, Reshape, Tile
from caffetools.torch.emit.base import Binary, Context, Emitters, Expression, X, method


def reshape(layer: Reshape, context: Context) -> Expression:
    """`Tensor.reshape`; extents that Caffe copies are read from the tensor, for any batch size."""
    bottom = context.bottoms[0]
    start, end = layer.replaced(bottom)
    extents: list[Expression] = [method(X, "size", axis) for axis in range(start)]
    extents += [
        method(X, "size", start + index) if extent == 0 else extent
        for index, extent in enumerate(layer.given)
    ]
    extents += [method(X, "size", axis) for axis in range(end, len(bottom))]
    last = len(bottom) - 1
    kept = [method(X, "size", axis) for axis in range(last)]
    rest = tuple(each for each in extents[last:] if isinstance(each, int))
    if len(rest) > 1 and [*kept, *rest] == extents and last:
        return method(X, "unflatten", last, rest)
    return method(X, "reshape", *extents or ((),))


def flatten(layer: Flatten, context: Context) -> Expression:
    """`Tensor.flatten`, or `Tensor.unsqueeze` for an empty range of axes."""
    bottom = context.bottoms[0]
    start, end = layer.flattened(bottom)
    if start == end:
        return method(X, "unsqueeze", start)
    return method(X, "flatten", *((start,) if end == len(bottom) else (start, end - 1)))


def tile(layer: Tile, context: Context) -> Expression:
    """`Tensor.repeat`."""
    bottom, axis = context.bottoms[0], layer.axis_of(context.bottoms[0])
    times = [layer.tiles if index == axis else 1 for index in range(len(bottom))]
    return method(X, "repeat", *times)


def reduction(layer: Reduction, context: Context) -> Expression:
    """`Tensor.sum` or `Tensor.mean` over the axes from `axis` on, times the coefficient."""
    bottom, axis = context.bottoms[0], layer.axis_of(context.bottoms[0])
    terms = X if axis == len(bottom) - 1 else method(X, "flatten", axis)
    if layer.operation in ("ASUM", "SUMSQ"):
        terms = method(terms, "abs" if layer.operation == "ASUM" else "square")
    result = method(terms, "mean" if layer.operation == "MEAN" else "sum", axis)
    coefficient = layer.param.number("coeff")
    return result if coefficient == 1 else Binary(coefficient, "*", result)


EMITTERS: Emitters = {Flatten: flatten, Reduction: reduction, Reshape: reshape, Tile: tile}
