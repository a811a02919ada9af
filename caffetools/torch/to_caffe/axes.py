"""Compositions of Caffe's layers that select, join, move and reduce along axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from math import prod
from typing import Any

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.layers.blobs import Shape
from caffetools.torch.to_caffe.draft import Array, Draft, Top

_MOST_SLICES, _MOST_MOVED = 8, 2048
"""Most elements that are moved as slices, and by a kernel."""
MOST_PARTS = 64
"""Most slices of one composition: more would be exact, but nobody would want the net."""


def reshape(d: Draft, x: Top, shape: Shape) -> Top:
    """Return `x` in another shape: by Flatten if only its axes after the first are merged."""
    while x.name in d.reshaped and x.shape != shape:
        x = d.reshaped[x.name]
    if shape == x.shape:
        return x
    if not shape:
        raise CaffeToolsError("a tensor without axes has no form in Caffe")
    if len(x.shape) > 2 and shape == (x.shape[0], prod(x.shape[1:])):
        top = d.one("Flatten", x)
    else:
        copied = 0
        while copied < min(len(shape), len(x.shape)) and shape[copied] == x.shape[copied]:
            copied += 1
        top = d.one("Reshape", x, shape={"dim": [*([0] * copied), *shape[copied:]]})
    d.reshaped[top.name] = x
    return top


def permute(d: Draft, x: Top, order: Sequence[int]) -> Top:
    """Reorder the axes: by Permute or, without that type, by swaps."""
    order = [axis % len(x.shape) for axis in order]
    shape, extents = tuple(x.shape[axis] for axis in order), x.shape
    moving = [axis for axis in order if extents[axis] != 1]
    axes = sorted(moving)
    if moving != axes and d.allows("Permute"):
        return d.one("Permute", x, order=order)
    for place, axis in enumerate(moving):
        start = axes.index(axis)
        if start == place:
            continue
        stop = start + 1
        while axes[start : stop + 1] == moving[place : place + stop + 1 - start] and (
            stop < len(axes)
        ):
            stop += 1
        sizes = [extents[each] for each in axes]
        blocks = (sizes[:place], sizes[place:start], sizes[start:stop], sizes[stop:])
        x = _swapped(d, x, *map(prod, blocks))
        axes = [*axes[:place], *axes[start:stop], *axes[place:start], *axes[stop:]]
    return reshape(d, x, shape)


def _swapped(d: Draft, x: Top, outer: int, first: int, second: int, inner: int) -> Top:
    """Swap the middle two of four axes.

    A few slices of one become a concatenation along the other; more are moved by a kernel that has
    a single 1 for each, dilated by `inner`.
    """
    size = min(first, second)
    if size > _MOST_MOVED:
        text = f"a transposition of {first} x {second} is too large; the type Permute may avoid it"
        raise CaffeToolsError(text)
    if size <= _MOST_SLICES and first <= second:
        parts = split(d, reshape(d, x, (outer, first * second, inner)), 1, [second] * first)
        return concat(d, parts, 2)
    if size <= _MOST_SLICES:
        parts = split(d, reshape(d, x, (outer, first, second * inner)), 2, [inner] * second)
        return concat(d, parts, 1)
    forward = second < first
    shape = (outer, 1, first, second * inner) if forward else (outer, first, second, inner)
    return d.one(
        "Convolution" if forward else "Deconvolution",
        reshape(d, x, shape),
        blobs=[np.eye(size).reshape(size, 1, 1, size)],
        num_output=size if forward else 1,
        bias_term=False,
        kernel_h=1,
        kernel_w=size,
        dilation=[1, inner] if inner > 1 else None,
    )


def concat(d: Draft, tops: Sequence[Top], axis: int) -> Top:
    """Concatenate, without a layer for a single blob."""
    if len(tops) == 1:
        return tops[0]
    axis %= len(tops[0].shape)
    return d.one("Concat", *tops, axis=None if axis == 1 else axis)


def split(d: Draft, x: Top, axis: int, sizes: Sequence[int]) -> list[Top]:
    """Slice into parts of these sizes."""
    if len(sizes) == 1:
        return [x]
    if len(sizes) > MOST_PARTS:
        raise CaffeToolsError(f"{len(sizes)} slices of one tensor exceed {MOST_PARTS}")
    axis %= len(x.shape)
    points = [*accumulate(sizes)][:-1]
    return d.add("Slice", x, tops=len(sizes), axis=None if axis == 1 else axis, slice_point=points)


def gather(d: Draft, x: Top, axis: int, indices: Iterable[int]) -> Top:
    """Return the elements at `indices` along an axis, in this order, with repetitions.

    Negative indices count from the end.
    """
    runs = _runs(int(index) % x.shape[axis] for index in indices)
    bounds = sorted({0, x.shape[axis], *(bound for run in runs for bound in run)})
    if len(runs) > MOST_PARTS:
        raise CaffeToolsError(f"{len(runs)} slices of one tensor exceed {MOST_PARTS}")
    tops = split(d, x, axis, [stop - start for start, stop in pairwise(bounds)])
    parts = dict(zip(bounds, tops, strict=False))
    chosen = [
        parts[bound] for start, stop in runs for bound in bounds[:-1] if start <= bound < stop
    ]
    if not chosen:
        raise CaffeToolsError("an empty tensor has no form in Caffe")
    return concat(d, chosen, axis)


def take(d: Draft, x: Top, axis: int, indices: Iterable[int]) -> Top:
    """Return the elements at `indices` in the shape of the operator's result."""
    return reshape(d, gather(d, x, axis, indices), d.shape)


def expand(d: Draft, x: Top, shape: Shape) -> Top:
    """Repeat by Tile, extents of 1 above all; missing axes are added in front."""
    x = reshape(d, x, (1,) * (len(shape) - len(x.shape)) + x.shape)
    for axis, (found, wanted) in enumerate(zip(x.shape, shape, strict=True)):
        if found != wanted:
            x = d.one("Tile", x, axis=None if axis == 1 else axis, tiles=wanted // found)
    return x


def constant(d: Draft, x: Top, shape: Shape, value: float) -> Top:
    """Return a constant blob, made of a part of `x` so that it needs no data layer."""
    for axis, extent in enumerate(shape):
        if extent != x.shape[axis]:
            x = gather(d, x, axis, [0])
    return expand(d, d.one("Power", x, scale=0.0, shift=float(value)), shape)


def as_top(d: Draft, value: Top | Array, others: Sequence[Any]) -> Top:
    """Return a constant as a blob made of another operand with as many axes."""
    if isinstance(value, Top):
        return value
    likes = [each for each in others if isinstance(each, Top) and len(each.shape) == value.ndim]
    if not likes:
        raise CaffeToolsError("a constant of other axes than its operands has no form in Caffe")
    zeros = constant(d, likes[0], value.shape, 0)
    blob = {"axis": 0, "num_axes": -1}
    return d.one("Bias", zeros, blobs=[value], **blob) if value.any() else zeros


def pad(
    d: Draft, x: Top, around: Sequence[tuple[int, int]], value: float = 0, mode: str = "constant"
) -> Top:
    """Pad each axis: by a constant, by the edge ("replicate"), its mirror image or periodically."""
    source = x
    for axis, (before, after) in enumerate(around):
        extent = x.shape[axis]
        if mode == "constant" and max(before, after) > 0:
            sides = [
                constant(d, x, (*x.shape[:axis], each, *x.shape[axis + 1 :]), value)
                for each in (before, after)
                if each > 0
            ]
            middle = gather(d, x, axis, range(max(0, -before), extent - max(0, -after)))
            x = concat(d, [*sides[: before > 0], middle, *sides[before > 0 :]], axis)
        elif before or after:
            places = range(-before, extent + after)
            x = gather(d, x, axis, [_source(place, extent, mode) for place in places])
    if mode == "constant" and x != source:
        d.padded[x.name] = (source, [*around], value)
    return x


def _source(place: int, extent: int, mode: str) -> int:
    """Return the element that padding copies to a place."""
    if mode == "reflect":
        return extent - 1 - abs(extent - 1 - abs(place))
    if mode == "circular":
        return place % extent
    return min(max(place, 0), extent - 1)


def reduce(d: Draft, x: Top, axes: Iterable[int], kind: str) -> Top:
    """Return the "mean", "sum" or "max" over axes, which are kept with extent 1."""
    chosen = sorted({axis % len(x.shape) for axis in axes})
    number = prod(x.shape[axis] for axis in chosen)
    pool = "MAX" if kind == "max" else "AVE"
    if len(x.shape) == 4 and chosen == [2, 3]:
        x, chosen = d.one("Pooling", x, pool=pool, global_pooling=True), []
    for start, stop in reversed(_runs(chosen)):
        before, reduced, after = x.shape[:start], x.shape[start:stop], x.shape[stop:]
        flat = (*before[:1], prod(before[1:]), prod(reduced), prod(after))
        y = reshape(d, x, flat if before else (1, *flat))
        y = d.one("Pooling", y, pool=pool, kernel_h=prod(reduced), kernel_w=1)
        x = reshape(d, y, (*before, *(1 for _ in reduced), *after))
    return d.one("Power", x, scale=float(number)) if kind == "sum" else x


def _runs(indices: Iterable[int]) -> list[list[int]]:
    """Return the start and the end of each run of successive numbers."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and runs[-1][1] == index:
            runs[-1][1] += 1
        else:
            runs.append([index, index + 1])
    return runs
