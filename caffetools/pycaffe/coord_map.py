"""Which coordinates of one blob correspond to those of another, and crops that align them.

A map `(axis, scale, shift)` says: coordinate i of a layer's input is at `scale * i + shift` of its
output, on the axes after `axis`; None for an axis that may be any (coord_map.py).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from caffetools.pycaffe.net_spec import Function, Top, layers

PASS_THROUGH_LAYERS = [
    *("AbsVal", "BatchNorm", "Bias", "BNLL", "Dropout", "Eltwise", "ELU", "Log", "LRN", "Exp"),
    *("MVN", "Power", "ReLU", "PReLU", "Scale", "Sigmoid", "Split", "TanH", "Threshold"),
]
"""Layers that leave each value where it is."""

_LEGACY = {"pad_h", "pad_w", "kernel_h", "kernel_w", "stride_h", "stride_w"}

Map: TypeAlias = "tuple[int | None, Any, Any]"

IDENTITY: Map = (None, 1, 0)


class UndefinedMapException(Exception):  # noqa: N818  # pycaffe's name
    """A layer that does not map coordinates."""


class AxisMismatchException(Exception):  # noqa: N818  # pycaffe's name
    """Two maps that count from different axes."""


def conv_params(fn: Function) -> tuple[int, Any, Any, Any]:
    """Return axis, stride, dilated kernel size and padding of a layer with windows."""
    options = fn.params.get("convolution_param", fn.params)
    kernel = np.array(options["kernel_size"], ndmin=1)
    dilation, stride, pad = (
        np.array(options.get(name, default), ndmin=1)
        for name, default in (("dilation", 1), ("stride", 1), ("pad", 0))
    )
    legacy = sorted(_LEGACY & fn.params.keys())
    assert not legacy, f"cropping does not support {', '.join(legacy)}; use lists"
    return options.get("axis", 1), stride, (kernel - 1) * dilation + 1, pad


def crop_params(fn: Function) -> tuple[int, Any]:
    """Return axis and offset of a Crop layer."""
    options = fn.params.get("crop_param", fn.params)
    return options.get("axis", 2), np.array(options.get("offset", 0), ndmin=1)


def coord_map(fn: Function) -> Map:
    """Return the map of a layer; UndefinedMapException if it has none."""
    if fn.type_name in PASS_THROUGH_LAYERS:
        return IDENTITY
    if fn.type_name == "Crop":
        axis, offset = crop_params(fn)
        return axis - 1, 1, -offset
    if fn.type_name == "Deconvolution":
        axis, stride, kernel, pad = conv_params(fn)
        return axis, stride, (kernel - 1) / 2 - pad
    if fn.type_name in ("Convolution", "Pooling", "Im2col"):
        axis, stride, kernel, pad = conv_params(fn)
        return axis, 1 / stride, (pad - (kernel - 1) / 2) / stride
    raise UndefinedMapException


def compose(base_map: Map, next_map: Map) -> Map:
    """Return the map of a layer after another; AxisMismatchException if the axes differ."""
    (base_axis, scale, shift), (next_axis, next_scale, next_shift) = base_map, next_map
    if None not in (base_axis, next_axis) and base_axis != next_axis:
        raise AxisMismatchException
    axis = next_axis if base_axis is None else base_axis
    return axis, scale * next_scale, scale * next_shift + shift


def inverse(coord_map: Map) -> Map:
    """Return the map in the other direction."""
    axis, scale, shift = coord_map
    return axis, 1 / scale, -shift / scale


def coord_map_from_to(top_from: Top, top_to: Top) -> Map:
    """Return the map between two blobs, through a blob that both are computed from.

    Raises RuntimeError if no layers that map coordinates connect them.
    """
    from_maps: dict[Top, Map] = {}
    frontier = {top_from: IDENTITY}
    while frontier:
        top, found = frontier.popitem()
        from_maps[top] = found
        frontier.update(_bottoms(top, found))
    frontier = {top_to: IDENTITY}
    while frontier:
        top, found = frontier.popitem()
        if top in from_maps:
            return compose(found, inverse(from_maps[top]))
        frontier.update(_bottoms(top, found))
    raise RuntimeError("no map between these tops: they are not connected by spatial layers")


def _bottoms(top: Top, found: Map) -> dict[Top, Map]:
    """Return the maps of the bottoms of a blob's layer; of Crop the second only has a shape."""
    inputs = top.fn.inputs[:1] if top.fn.type_name == "Crop" else top.fn.inputs
    try:
        return {bottom: compose(found, coord_map(top.fn)) for bottom in inputs}
    except UndefinedMapException:
        return {}


def crop(top_from: Top, top_to: Top) -> Any:
    """Return a Crop layer of `top_from` that aligns it with `top_to`.

    Raises AssertionError if the scales differ, or the offset is negative or a fraction.
    """
    axis, scale, shift = coord_map_from_to(top_from, top_to)
    scale, shift = np.atleast_1d(scale), np.atleast_1d(shift)
    assert (scale == 1).all(), f"scale mismatch on crop (a = {scale})"
    assert (shift <= 0).all(), f"cannot crop negative offset (b = {shift})"
    assert (np.round(shift) == shift).all(), f"cannot crop noninteger offset (b = {shift})"
    offset = [int(-each) for each in np.round(shift)]
    axis = 2 if axis is None else axis + 1
    return layers.Crop(top_from, top_to, crop_param={"axis": axis, "offset": offset})
