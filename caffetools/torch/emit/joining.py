"""Layers that put blobs together, take them apart, copy them or end them."""

from __future__ import annotations

from itertools import pairwise

from caffetools.layers.joining import Concat, HDF5Output, Silence, Slice, Split, joined_axis
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    X,
    call,
    method,
    values,
)


def concat(layer: Concat, context: Context) -> Emission:
    """`torch.cat`."""
    if len(context.bottoms) == 1:
        return values(X)
    axis = joined_axis(layer.param, "concat_dim", context.bottoms[0])
    bottoms: list[Expression] = [Bottom(index) for index in range(len(context.bottoms))]
    return values(call("torch.cat", bottoms, dim=axis))


def slice_(layer: Slice, context: Context) -> Emission:
    """`torch.split`, or `chunk` into equal parts."""
    if layer.top_count == 1:
        return values(X)
    bottom = context.bottoms[0]
    axis = joined_axis(layer.param, "slice_dim", bottom)
    if not layer.points:
        return values(method(X, "chunk", layer.top_count, dim=axis))
    sizes: list[Expression] = [end - start for start, end in pairwise(layer.bounds(bottom, axis))]
    return values(method(X, "split", sizes, dim=axis))


def split(layer: Split, _: Context) -> Emission:
    """Each top is the bottom."""
    return values(*(X,) * layer.top_count)


def silence(_layer: Silence, _context: Context) -> Emission:
    """Nothing: the program drops the bottoms."""
    return values()


def output(_layer: HDF5Output, _context: Context) -> Emission:
    """What the layer would write is not kept."""
    names = "the bottoms are not written to a file: return them, or save them, where you need them"
    return Emission((), notes=(names,))


EMITTERS: Emitters = {
    Concat: concat,
    HDF5Output: output,
    Silence: silence,
    Slice: slice_,
    Split: split,
}
