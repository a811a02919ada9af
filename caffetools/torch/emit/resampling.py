"""Layers of forks that enlarge or shrink images."""

from __future__ import annotations

from caffetools.layers.blobs import dims
from caffetools.layers.resampling import Interp, ParseNetUnpooling, Unpooling, Upsample
from caffetools.torch.emit.base import (
    Attribute,
    Bottom,
    Context,
    Emitters,
    Expression,
    Span,
    Subscript,
    X,
    call,
    differing,
)


def interp(layer: Interp, context: Context) -> Expression:
    """`F.interpolate` with aligned corners, after cropping by the negative padding."""
    inner = context.image()
    if layer.pad:
        # pad_end is 0 or negative: an index from the end, as Python counts.
        first, last = -layer.param.integer("pad_beg"), layer.param.integer("pad_end")
        span = Span(first or None, last or None)
        inner = Subscript(inner, (Span(), Span(), span, span))
    size: Expression = _size(context)
    if layer.like_blob:
        size = Subscript(Attribute(context.image(1), "shape"), (Span(2),))
    return call("F.interpolate", inner, size=size, mode="bilinear", align_corners=True)


def upsample(layer: Upsample, context: Context) -> Expression:
    """The helper `unpool` with a mask, else `F.interpolate` with repeated values."""
    if layer.masked:
        return call("unpool", X, Bottom(1), _size(context))
    if len(context.bottoms[0]) != 4:
        raise context.error(f"expected a bottom of four axes, found {dims(context.bottoms[0])}")
    return call("F.interpolate", X, scale_factor=layer.axes[0].scale)


def unpooling(layer: Unpooling, context: Context) -> Expression:
    """A helper for each method."""
    size, strides = _size(context), tuple(layer.strides)
    x, kind = context.image(), layer.param.text("unpool")
    if kind == "MAX":
        if len(context.bottoms) > 1:
            return call("unpool", x, context.image(1), size)
        return call("unpool_to_corners", x, strides, size)
    function = "unpool_average" if kind == "AVE" else "unpool_tile"
    return call(function, x, tuple(layer.kernels), strides, size)


def parse_net_unpooling(layer: ParseNetUnpooling, context: Context) -> Expression:
    """The helper `unpool_to_corners` with an offset, `unpool_mean` or `unpool_groups`."""
    axes = layer.axes(context.bottoms)
    kernels, strides, pads = zip(
        *((axis.kernel, axis.stride, axis.pad) for axis in axes), strict=True
    )
    x = context.image()
    if layer.grouped:
        return call("unpool_groups", x, context.image(1))
    if layer.method == "FIXED":
        offset = tuple((axis.kernel - 1) // 2 - axis.pad for axis in axes)
        return call(
            "unpool_to_corners", x, strides, _size(context), **differing(offset=(offset, (0, 0)))
        )
    options = differing(padding=(pads, (0, 0)), divide=(layer.method == "DIV", False))
    return call("unpool_mean", x, kernels, strides, **options)


def _size(context: Context) -> tuple[int, ...]:
    """Return height and width of the top."""
    top = context.tops[0]
    assert top is not None
    return top[2:]


EMITTERS: Emitters = {
    Interp: interp,
    ParseNetUnpooling: parse_net_unpooling,
    Unpooling: unpooling,
    Upsample: upsample,
}
