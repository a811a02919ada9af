"""Layers that pick some of the elements of their bottoms."""

from __future__ import annotations

from caffetools.layers.selection import ArgMax, BatchReindex, Crop, Filter
from caffetools.torch.emit.base import (
    Binary,
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    Span,
    Subscript,
    X,
    call,
    differing,
    method,
    values,
)


def crop(layer: Crop, context: Context) -> Emission:
    """A slice with the extents of the second bottom."""
    index: list[Expression] = []
    for axis, offset in enumerate(layer.offsets(context.bottoms[0])):
        if offset is None:
            index.append(Span())
            continue
        size = method(Bottom(1), "size", axis)
        index.append(Span(offset, Binary(offset, "+", size)) if offset else Span(None, size))
    return values(Subscript(X, tuple(index)) if index else X)


def argmax(layer: ArgMax, context: Context) -> Emission:
    """The helper with Caffe's order of ties."""
    options = differing(
        axis=(layer.axis(context.bottoms[0]), None),
        top_k=(layer.top_k, 1),
        out_max_val=(layer.both, False),
    )
    return values(call("caffe_argmax", X, **options))


def batch_reindex(_layer: BatchReindex, _context: Context) -> Emission:
    """Indexing."""
    return values(Subscript(X, (method(Bottom(1), "long"),)))


def filter_(_: Filter, context: Context) -> Emission:
    """The helper, which gives all tops at once."""
    count = len(context.bottoms) - 1
    chosen = call("filter_items", Bottom(count), *(Bottom(index) for index in range(count)))
    return values(chosen if count > 1 else Subscript(chosen, (0,)))


EMITTERS: Emitters = {ArgMax: argmax, BatchReindex: batch_reindex, Crop: crop, Filter: filter_}
