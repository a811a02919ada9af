"""Layers that concatenate, split, copy or consume blobs."""

from __future__ import annotations

from caffetools.layers.joining import Concat, HDF5Output, Silence, Slice, Split
from caffetools.torch.emit.base import Context, Emission, Emitters, Expression, X, call, method


def concat(layer: Concat, context: Context) -> Expression:
    """`torch.cat`."""
    if len(context.bottoms) == 1:
        return X
    axis = layer.axis_of(context.bottoms[0])
    return call("torch.cat", [*context.inputs()], dim=axis)


def slice_(layer: Slice, context: Context) -> Expression:
    """`Tensor.tensor_split` at the points, or `Tensor.chunk` into equal parts."""
    if layer.top_count == 1:
        return X
    axis = layer.axis_of(context.bottoms[0])
    if not layer.points:
        return method(X, "chunk", layer.top_count, dim=axis)
    return method(X, "tensor_split", tuple(layer.points), dim=axis)


def split(layer: Split, _: Context) -> Emission:
    """The bottom for each top."""
    return Emission((X,) * layer.top_count)


def silence(_layer: Silence, _context: Context) -> Emission:
    """No value: the program deletes the bottoms."""
    return Emission(())


def hdf5_output(_layer: HDF5Output, _context: Context) -> Emission:
    """No value and no file."""
    note = "the bottoms are not written to a file: return them, or save them, where you need them"
    return Emission((), notes=(note,))


EMITTERS: Emitters = {
    Concat: concat,
    HDF5Output: hdf5_output,
    Silence: silence,
    Slice: slice_,
    Split: split,
}
