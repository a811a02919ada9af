"""Layers of forks that reorder the elements of a blob."""

from __future__ import annotations

from caffetools.errors import CaffeToolsError
from caffetools.layers.blobs import count, dims
from caffetools.layers.checks import four_axes
from caffetools.layers.permutation import Flip, Permute, Reorg, Reverse, ShuffleChannel, Transpose
from caffetools.torch.emit.base import Context, Emitters, Expression, X, call, differing, method


def permute(layer: Permute, context: Context) -> Expression:
    """`Tensor.permute`; axes that the order omits follow those that it lists."""
    axes = range(len(context.bottoms[0]))
    return _ordered((*layer.order, *(axis for axis in axes if axis not in layer.order)))


def transpose(layer: Transpose, context: Context) -> Expression:
    """`Tensor.permute`, or a conversion between images and sequences of positions."""
    if not layer.reshapes:
        return _ordered(tuple(layer.dim))
    num, channels, height, width = four_axes(context.bottoms[0])
    images = layer.param.text("transposetype") == "CONVTOLSTM"
    extents = (channels, height * width) if images else (height * width, channels)
    swapped = method(method(X, "reshape", num, *extents), "transpose", 1, 2)
    return method(swapped, "reshape", *layer.param.message("shape").integers("dim"))


def _ordered(axes: tuple[int, ...]) -> Expression:
    return X if axes == tuple(range(len(axes))) else method(X, "permute", *axes)


def reverse(layer: Reverse, _context: Context) -> Expression:
    """`Tensor.flip`."""
    return method(X, "flip", layer.axis)


def flip(_: Flip, context: Context) -> Expression:
    """`Tensor.flip`, by default along the width; a blob of two axes has width 1."""
    axes = [
        axis
        for axis, name, default in ((2, "flip_height", False), (3, "flip_width", True))
        if _flag(context, name, default=default) and axis < len(context.bottoms[0])
    ]
    return method(X, "flip", *axes) if axes else X


def _flag(context: Context, name: str, *, default: bool) -> bool:
    """Read a flag of flip_param, whose values are uninterpreted: the schema does not have it."""
    param = context.param("flip_param")
    if not param.has(name):
        return default
    word = str(param.get(name))
    if word not in ("true", "false", "1", "0"):
        raise param.error(f"expected true or false, found {word!a}", name, kind=CaffeToolsError)
    return word in ("true", "1")


def shuffle_channel(layer: ShuffleChannel, context: Context) -> Expression:
    """`F.channel_shuffle`; the top always has four axes."""
    channels = four_axes(context.bottoms[0])[1]
    if channels % layer.group:
        raise context.error(f"{channels} channels do not divide into {layer.group} groups")
    return call("F.channel_shuffle", context.image(), layer.group)


def reorg(layer: Reorg, context: Context) -> Expression:
    """The helper `reorg`."""
    bottom, top = context.bottoms[0], context.tops[0]
    uneven = len(bottom) != 4 or bottom[1] % layer.stride**2
    if top is None or count(top) != count(bottom) or uneven:
        raise context.error(f"{dims(bottom)} does not divide into squares of {layer.stride}")
    return call("reorg", X, layer.stride, **differing(reverse=(layer.reverse, False)))


EMITTERS: Emitters = {
    Flip: flip,
    Permute: permute,
    Reorg: reorg,
    Reverse: reverse,
    ShuffleChannel: shuffle_channel,
    Transpose: transpose,
}
