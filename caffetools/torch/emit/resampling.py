"""Forks' layers that make images larger or smaller."""

from __future__ import annotations

from caffetools.layers.base import dims
from caffetools.layers.resampling import Interp, Unpooling, Upsample
from caffetools.torch.emit.base import (
    Attribute,
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    Span,
    Subscript,
    X,
    call,
    image,
    values,
)


def interp(layer: Interp, context: Context) -> Emission:
    """Blended between the corners of what negative pads leave."""
    inner = image(context)
    if layer.pad:
        first, last = -layer.param.integer("pad_beg"), layer.param.integer("pad_end")
        # Python, too, counts what is cut off at the end as a negative number.
        span = Span(first or None, last or None)
        inner = Subscript(inner, (Span(), Span(), span, span))
    size: Expression = _size(context)
    if layer.like_blob:
        size = Subscript(Attribute(image(context, 1), "shape"), (Span(2),))
    return values(call("F.interpolate", inner, size=size, mode="bilinear", align_corners=True))


def upsample(layer: Upsample, context: Context) -> Emission:
    """Each value where its mask says, or repeated."""
    if layer.masked:
        return values(call("unpool", X, Bottom(1), _size(context)))
    if len(context.bottoms[0]) != 4:
        raise context.error(f"expected a bottom of four axes, found {dims(context.bottoms[0])}")
    return values(call("F.interpolate", X, scale_factor=layer.axes[0].scale))


def unpooling(layer: Unpooling, context: Context) -> Emission:
    """A helper for each method."""
    size = _size(context)
    x, kind = image(context), layer.param.text("unpool")
    if kind == "MAX":
        if len(context.bottoms) > 1:
            return values(call("unpool", x, image(context, 1), size))
        return values(call("unpool_to_corners", x, tuple(layer.strides), size))
    function = "unpool_average" if kind == "AVE" else "unpool_tile"
    return values(call(function, x, tuple(layer.kernels), tuple(layer.strides), size))


def _size(context: Context) -> tuple[int, ...]:
    """Height and width of the top."""
    top = context.tops[0]
    assert top is not None
    return top[2:]


EMITTERS: Emitters = {Interp: interp, Unpooling: unpooling, Upsample: upsample}
