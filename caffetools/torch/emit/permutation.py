"""Forks' layers that put the elements of a blob in another order."""

from __future__ import annotations

from caffetools.errors import CaffeToolsError
from caffetools.layers.base import count, dims
from caffetools.layers.legacy import four_axes
from caffetools.layers.permutation import (
    Flip,
    Permute,
    Reorg,
    Reverse,
    ShuffleChannel,
    Transpose,
)
from caffetools.torch.emit.base import (
    Emission,
    Emitters,
    Place,
    X,
    call,
    differing,
    method,
    values,
)
from caffetools.torch.emit.images import image


def permute(layer: Permute, place: Place) -> Emission:
    """The axes that the order does not name stay behind those that it does."""
    axes = range(len(place.bottoms[0]))
    return _ordered((*layer.order, *(axis for axis in axes if axis not in layer.order)))


def transpose(layer: Transpose, place: Place) -> Emission:
    """By axes; or between images and sequences of positions, whatever shape is said for them."""
    if not layer.reshapes:
        return _ordered(tuple(layer.dim))
    num, channels, height, width = four_axes(place.bottoms[0])
    images = layer.param.text("transposetype") == "CONVTOLSTM"
    extents = (channels, height * width) if images else (height * width, channels)
    swapped = method(method(X, "reshape", num, *extents), "transpose", 1, 2)
    return values(method(swapped, "reshape", *layer.param.message("shape").integers("dim")))


def _ordered(axes: tuple[int, ...]) -> Emission:
    same = axes == tuple(range(len(axes)))
    return values(X if same else method(X, "permute", *axes))


def reverse(layer: Reverse, _place: Place) -> Emission:
    """`flip`."""
    return values(method(X, "flip", layer.axis))


def flip(_: Flip, place: Place) -> Emission:
    """From left to right unless the options say otherwise; a blob of two axes has one column."""
    axes = [
        axis
        for axis, name, default in ((2, "flip_height", False), (3, "flip_width", True))
        if _flag(place, name, default=default) and axis < len(place.bottoms[0])
    ]
    return values(method(X, "flip", *axes) if axes else X)


def _flag(place: Place, name: str, *, default: bool) -> bool:
    """A flag of flip_param, which is not in the schema and so has its words as they stand."""
    param = place.param("flip_param")
    if not param.has(name):
        return default
    word = str(param.get(name))
    if word not in ("true", "false", "1", "0"):
        raise param.error(f"expected true or false, found {word!a}", name, kind=CaffeToolsError)
    return word in ("true", "1")


def shuffle_channel(layer: ShuffleChannel, place: Place) -> Emission:
    """PyTorch's own; the top has always four axes."""
    channels = four_axes(place.bottoms[0])[1]
    if channels % layer.group:
        raise place.error(f"{channels} channels do not divide into {layer.group} groups")
    return values(call("F.channel_shuffle", image(place), layer.group))


def reorg(layer: Reorg, place: Place) -> Emission:
    """Darknet's order, which is a helper's."""
    bottom, top = place.bottoms[0], place.tops[0]
    if top is None or count(top) != count(bottom) or len(bottom) != 4:
        raise place.error(f"{dims(bottom)} does not divide into squares of {layer.stride}")
    return values(call("reorg", X, layer.stride, **differing(reverse=(layer.reverse, False))))


EMITTERS: Emitters = {
    Flip: flip,
    Permute: permute,
    Reorg: reorg,
    Reverse: reverse,
    ShuffleChannel: shuffle_channel,
    Transpose: transpose,
}
