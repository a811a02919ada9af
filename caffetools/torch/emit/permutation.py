"""Forks' layers that put the elements of a blob in another order."""

from __future__ import annotations

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import count, dims
from caffetools.layers.checks import four_axes
from caffetools.layers.permutation import Flip, Permute, Reorg, Reverse, ShuffleChannel, Transpose
from caffetools.torch.emit.base import (
    Context,
    Emission,
    Emitters,
    X,
    call,
    differing,
    image,
    method,
    values,
)


def permute(layer: Permute, context: Context) -> Emission:
    """The axes that the order does not name stay behind those that it does."""
    axes = range(len(context.bottoms[0]))
    return _ordered((*layer.order, *(axis for axis in axes if axis not in layer.order)))


def transpose(layer: Transpose, context: Context) -> Emission:
    """By axes; or between images and sequences of positions, whatever shape is said for them."""
    if not layer.reshapes:
        return _ordered(tuple(layer.dim))
    num, channels, height, width = four_axes(context.bottoms[0])
    images = layer.param.text("transposetype") == "CONVTOLSTM"
    extents = (channels, height * width) if images else (height * width, channels)
    swapped = method(method(X, "reshape", num, *extents), "transpose", 1, 2)
    return values(method(swapped, "reshape", *layer.param.message("shape").integers("dim")))


def _ordered(axes: tuple[int, ...]) -> Emission:
    same = axes == tuple(range(len(axes)))
    return values(X if same else method(X, "permute", *axes))


def reverse(layer: Reverse, _context: Context) -> Emission:
    """`flip`."""
    return values(method(X, "flip", layer.axis))


def flip(_: Flip, context: Context) -> Emission:
    """From left to right unless the options say otherwise; a blob of two axes has one column."""
    axes = [
        axis
        for axis, name, default in ((2, "flip_height", False), (3, "flip_width", True))
        if _flag(context, name, default=default) and axis < len(context.bottoms[0])
    ]
    return values(method(X, "flip", *axes) if axes else X)


def _flag(context: Context, name: str, *, default: bool) -> bool:
    """A flag of flip_param, which is not in the schema and so has its words as they stand."""
    param = context.param("flip_param")
    if not param.has(name):
        return default
    word = str(param.get(name))
    if word not in ("true", "false", "1", "0"):
        raise param.error(f"expected true or false, found {word!a}", name, kind=CaffeToolsError)
    return word in ("true", "1")


def shuffle_channel(layer: ShuffleChannel, context: Context) -> Emission:
    """PyTorch's own; the top has always four axes."""
    channels = four_axes(context.bottoms[0])[1]
    if channels % layer.group:
        raise context.error(f"{channels} channels do not divide into {layer.group} groups")
    return values(call("F.channel_shuffle", image(context), layer.group))


def reorg(layer: Reorg, context: Context) -> Emission:
    """Darknet's order, which is a helper's."""
    bottom, top = context.bottoms[0], context.tops[0]
    if top is None or count(top) != count(bottom) or len(bottom) != 4:
        raise context.error(f"{dims(bottom)} does not divide into squares of {layer.stride}")
    return values(call("reorg", X, layer.stride, **differing(reverse=(layer.reverse, False))))


EMITTERS: Emitters = {
    Flip: flip,
    Permute: permute,
    Reorg: reorg,
    Reverse: reverse,
    ShuffleChannel: shuffle_channel,
    Transpose: transpose,
}
