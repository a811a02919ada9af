"""Compositions of Caffe's layers for element-wise arithmetic, with broadcasting."""

from __future__ import annotations

from math import inf
from typing import Any, TypeAlias

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.layers.blobs import Shape
from caffetools.torch.to_caffe.axes import expand, reshape
from caffetools.torch.to_caffe.draft import Array, Draft, DraftLayer, Top
from caffetools.torch.to_caffe.lrn import matched

Operand: TypeAlias = "Top | Array | float"

_HUGE = 3.4e38
"""No limit, for Clip, which has two."""


def power(d: Draft, x: Top, exponent: float = 1, scale: float = 1, shift: float = 0) -> Top:
    """Return `(shift + scale * x) ** exponent`, with a scaling of `x` itself merged."""
    maker = d.makers[x.name]
    if maker.type == "Power" and maker.options.get("power", 1) == 1:
        inner = float(maker.options.get("scale", 1)), float(maker.options.get("shift", 0))
        x, scale, shift = d.top(maker.bottoms[0]), scale * inner[0], scale * inner[1] + shift
    values = (("power", exponent, 1), ("scale", scale, 1), ("shift", shift, 0))
    options: dict[str, Any] = {name: float(each) for name, each, usual in values if each != usual}
    return d.one("Power", x, **options) if options else x


def clamp(d: Draft, x: Top, low: float | None = None, high: float | None = None) -> Top:
    """Return `x` limited from below and above: by Clip, else by ReLU and Power."""
    low, high = None if low == -inf else low, None if high == inf else high
    if (low, high) == (None, None):
        return x
    if (low, high) == (0, None):
        return d.one("ReLU", x)
    if d.allows("Clip"):
        limits = (-_HUGE if low is None else low, _HUGE if high is None else high)
        return d.one("Clip", x, min=float(limits[0]), max=float(limits[1]))
    if low is not None:
        x = power(d, d.one("ReLU", power(d, x, shift=-low)), shift=low)
    if high is not None:  # high - relu(high - x)
        x = power(d, d.one("ReLU", power(d, x, scale=-1, shift=high)), scale=-1, shift=high)
    return x


def add(d: Draft, a: Operand, b: Operand, factor: float = 1) -> Top:
    """Return `a + factor * b`."""
    if isinstance(a, Top) and isinstance(b, Top) and a.shape == b.shape:
        if a == b:
            return power(d, a, scale=1 + factor)
        coefficients = None if factor == 1 else [1.0, float(factor)]
        return d.one("Eltwise", a, b, operation="SUM", coeff=coefficients)
    b = power(d, b, scale=factor) if isinstance(b, Top) else np.asarray(b) * factor
    return _combined(d, a, b, "Bias", "SUM")


def multiply(d: Draft, a: Operand, b: Operand) -> Top:
    """Return `a * b`."""
    if isinstance(a, Top) and a is b:
        return power(d, a, 2)
    return _combined(d, a, b, "Scale", "PROD")


def divide(d: Draft, a: Operand, b: Operand) -> Top:
    """Return `a / b`, which is LRN if `b` is a power of the mean square of neighboring channels."""
    if not isinstance(b, Top):
        return multiply(d, a, 1 / np.asarray(b, np.float64))
    found = matched(d, a, b) if isinstance(a, Top) else None
    return multiply(d, a, power(d, b, -1)) if found is None else found


def where(d: Draft, mask: Any, a: Operand, b: Operand) -> Top:
    """Return `a` where a constant mask is true, else `b`: each times 1 or 0, and their sum."""
    if isinstance(mask, Top):
        raise CaffeToolsError("a computed mask has no form in Caffe")
    first, second = (
        multiply(d, each, factor)
        if isinstance(each, Top)
        else np.where(factor, np.clip(each, -_HUGE, _HUGE), 0)
        for each, factor in ((a, np.float64(mask)), (b, np.float64(np.logical_not(mask))))
    )
    return add(d, first, second)


def maximum(d: Draft, a: Operand, b: Operand) -> Top:
    """Return the larger of each two elements."""
    if not isinstance(a, Top):
        a, b = b, a
    if not isinstance(b, Top):
        if np.size(b) > 1:
            raise CaffeToolsError("the maximum with a constant tensor has no form in Caffe")
        assert isinstance(a, Top)
        return clamp(d, a, low=float(np.reshape(b, ())))
    assert isinstance(a, Top)
    shape = np.broadcast_shapes(a.shape, b.shape)
    return d.one("Eltwise", expand(d, a, shape), expand(d, b, shape), operation="MAX")


def minimum(d: Draft, a: Operand, b: Operand) -> Top:
    """Return the smaller of each two elements, -max(-a, -b)."""
    negative: list[Operand] = [
        power(d, each, scale=-1) if isinstance(each, Top) else -np.asarray(each) for each in (a, b)
    ]
    return power(d, maximum(d, *negative), scale=-1)


def _combined(d: Draft, a: Operand, b: Operand, layer: str, operation: str) -> Top:
    """Combine by Power, Eltwise, or a Scale or Bias layer that broadcasts its smaller operand."""
    if not isinstance(a, Top):
        a, b = b, a
    assert isinstance(a, Top)
    if not isinstance(b, Top):
        return _with_constant(d, a, np.asarray(b), layer)
    shape = np.broadcast_shapes(a.shape, b.shape)
    if a.shape != shape and b.shape == shape:
        a, b = b, a
    a = expand(d, a, shape)
    if b.shape == shape:
        return d.one("Eltwise", a, b, operation=operation)
    extents = (1,) * (len(shape) - len(b.shape)) + b.shape
    start, stop = span(extents, shape, keep_batch=len(b.shape) == len(shape))
    if extents[start:stop] != shape[start:stop]:
        return d.one("Eltwise", a, expand(d, b, shape), operation=operation)
    return d.one(layer, a, reshape(d, b, extents[start:stop]), axis=None if start == 1 else start)


def _with_constant(d: Draft, x: Top, constant: Array, layer: str) -> Top:
    x = expand(d, x, np.broadcast_shapes(x.shape, constant.shape))
    if constant.size == 1:
        value = float(constant.reshape(()))
        return power(d, x, scale=value) if layer == "Scale" else power(d, x, shift=value)
    extents = (1,) * (len(x.shape) - constant.ndim) + constant.shape
    start, stop = span(extents, x.shape)
    blob = np.broadcast_to(constant.reshape(extents[start:stop]), x.shape[start:stop])
    maker = d.makers[x.name]
    if layer == "Bias" and _lacks_bias(maker, start, blob.shape):
        term = {"bias_term": True if maker.type == "Scale" else None}
        bottom, blobs = d.top(maker.bottoms[0]), [*maker.blobs, blob]
        return d.one(maker.type, bottom, blobs=blobs, **{**maker.options, **term})
    options: Any = {
        "axis": None if start == 1 else start,
        "num_axes": None if stop - start == 1 else stop - start,
    }
    return d.one(layer, x, blobs=[blob], **options)


def _lacks_bias(layer: DraftLayer, axis: int, shape: Shape) -> bool:
    """Whether a bias of this shape along an axis can be a blob of the layer."""
    if len(layer.blobs) != 1 or layer.options.get("axis", 1) != axis:
        return False
    if layer.type == "Scale":
        return layer.blobs[0].shape == shape
    learned = layer.type in {"Convolution", "Deconvolution", "InnerProduct"}
    return learned and shape == (layer.options["num_output"],)


def span(extents: Shape, shape: Shape, *, keep_batch: bool = False) -> tuple[int, int]:
    """Return the first axis that is not broadcast, or 0 for the batch, and the one after the last.

    An axis of extent 1 counts as broadcast.
    """
    extents = (1,) * (len(shape) - len(extents)) + extents
    places = [axis for axis, extent in enumerate(extents) if extent != 1]
    stop = max(places, default=0) + 1
    start = min(places, default=0)
    if keep_batch and extents[0] == shape[0]:
        start = 0
    return start, stop
