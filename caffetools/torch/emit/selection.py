"""Layers that select elements of their bottoms."""

from __future__ import annotations

from caffetools.layers.selection import ArgMax, BatchReindex, Crop, Filter
from caffetools.torch.emit.base import (
    Binary,
    Bottom,
    Context,
    Emitters,
    Expression,
    Span,
    Subscript,
    X,
    call,
    differing,
    method,
)


def crop(layer: Crop, context: Context) -> Expression:
    """A slice with the extents of the second bottom."""
    index: list[Expression] = []
    for axis, offset in enumerate(layer.offsets(context.bottoms[0])):
        if offset is None:
            index.append(Span())
            continue
        size = method(Bottom(1), "size", axis)
        index.append(Span(offset, Binary(offset, "+", size)) if offset else Span(None, size))
    return Subscript(X, tuple(index)) if index else X


def argmax(layer: ArgMax, context: Context) -> Expression:
    """The helper `caffe_argmax`."""
    options = differing(
        axis=(layer.axis(context.bottoms[0]), None),
        top_k=(layer.top_k, 1),
        out_max_val=(layer.both, False),
    )
    return call("caffe_argmax", X, **options)


def batch_reindex(_layer: BatchReindex, _context: Context) -> Expression:
    """An index along the batch axis."""
    return Subscript(X, (method(Bottom(1), "long"),))


def filter_(_: Filter, context: Context) -> Expression:
    """The helper `filter_items`, one tuple for all tops."""
    *items, selector = context.inputs()
    chosen = call("filter_items", selector, *items)
    return chosen if len(items) > 1 else Subscript(chosen, (0,))


EMITTERS: Emitters = {ArgMax: argmax, BatchReindex: batch_reindex, Crop: crop, Filter: filter_}
