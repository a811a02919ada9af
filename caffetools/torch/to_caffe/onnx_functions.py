"""ONNX's operators as compositions of Caffe's layers.

Each function takes the draft, the inputs in order, a `Top` for what depends on an input of the net,
an array for a constant, None for an absent one, and the attributes by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe import (
    arithmetic,
    aten,
    axes,
    normalizations,
    products,
    resizing,
    sliding,
)
from caffetools.torch.to_caffe.draft import Array, Draft, Top
from caffetools.torch.to_caffe.sliding import Windows

Operator = Callable[..., Any]


def _windows(x: Top, kernel: Sequence[int], a: dict[str, Any]) -> Windows:
    number = len(kernel)
    windows = Windows.of(kernel, a.get("strides", 1), 0, a.get("dilations", 1))
    automatic = a.get("auto_pad", "NOTSET")
    if automatic.startswith("SAME"):
        return windows.same(x.shape[2:], lower=automatic == "SAME_LOWER")
    pads = a.get("pads", [0] * 2 * number)
    return windows._replace(pad=[*zip(pads[:number], pads[number:], strict=True)])


def conv(d: Draft, x: Top, weight: Any, bias: Array | None = None, **a: Any) -> Top:
    """Conv by constant weights."""
    if not isinstance(weight, np.ndarray):
        raise CaffeToolsError("a computed kernel has no form in Caffe")
    windows = _windows(x, weight.shape[2:], a)
    return sliding.convolution(d, x, weight, bias, windows, a.get("group", 1))


def conv_transpose(d: Draft, x: Top, weight: Any, bias: Array | None = None, **a: Any) -> Top:
    """ConvTranspose by constant weights."""
    if not isinstance(weight, np.ndarray) or "output_shape" in a:
        raise CaffeToolsError("a computed kernel, or output_shape, has no form in Caffe")
    windows, more = _windows(x, weight.shape[2:], a), a.get("output_padding", 0)
    return sliding.transposed_convolution(d, x, weight, bias, windows, more, a.get("group", 1))


def max_pool(d: Draft, x: Top, **a: Any) -> tuple[Top]:
    """MaxPool, without the places of the maxima."""
    return (sliding.pooling(d, x, "MAX", _windows(x, a["kernel_shape"], a)),)


def average_pool(d: Draft, x: Top, **a: Any) -> Top:
    """AveragePool."""
    counts = bool(a.get("count_include_pad", 0))
    return sliding.pooling(d, x, "AVE", _windows(x, a["kernel_shape"], a), counts_padding=counts)


def gemm(d: Draft, x: Top, weight: Any, bias: Any = None, **a: Any) -> Top:
    """Gemm by a constant matrix."""
    if not isinstance(weight, np.ndarray) or a.get("transA") or isinstance(bias, Top):
        raise CaffeToolsError("the product of two computed matrices has no form in Caffe")
    matrix = (weight if a.get("transB") else weight.T) * a.get("alpha", 1.0)
    if bias is not None:
        bias = np.broadcast_to(bias * a.get("beta", 1.0), matrix.shape[:1])
    return products.by_constant(d, x, matrix, bias)


def layer_normalization(
    d: Draft, x: Top, weight: Array, bias: Array | None = None, **a: Any
) -> Top:
    """LayerNormalization."""
    number = len(x.shape) - a.get("axis", -1) % len(x.shape)
    shape = x.shape[-number:]
    weight = np.broadcast_to(weight, shape)
    epsilon = a.get("epsilon", 1e-5)
    return normalizations.layer_norm(d, x, number, weight, bias, epsilon)


def transpose(d: Draft, x: Top, perm: Sequence[int] | None = None) -> Top:
    """Transpose."""
    return axes.permute(d, x, [*range(len(x.shape))][::-1] if perm is None else perm)


def slice_(d: Draft, x: Top, starts: Any, ends: Any, along: Any = None, steps: Any = None) -> Top:
    """Slice by constants."""
    along = np.arange(len(starts)) if along is None else along
    steps = np.ones_like(starts) if steps is None else steps
    for axis, *bounds in np.stack([along, starts, ends, steps], 1).tolist():
        x = aten.slice_(d, x, axis, *bounds)
    return x


def gather(d: Draft, x: Any, indices: Any, axis: int = 0) -> Top:
    """Gather at constant indices along one axis."""
    if not isinstance(x, Top) or not isinstance(indices, np.ndarray) or indices.ndim > 1:
        raise CaffeToolsError("computed or several axes of indices have no form in Caffe")
    return axes.take(d, x, axis, indices.reshape(-1))


def pad(d: Draft, x: Top, pads: Array, value: Any = None, along: Any = None, **a: Any) -> Top:
    """Pad."""
    number = len(pads) // 2
    around = np.zeros((len(x.shape), 2), int)
    around[slice(number) if along is None else along] = np.reshape(pads, (2, number)).T
    modes = {"edge": "replicate", "wrap": "circular"}
    mode = a.get("mode", "constant")
    fill = 0.0 if value is None else max(float(value), sliding.LOWEST)
    return axes.pad(d, x, [*map(tuple, around.tolist())], fill, modes.get(mode, mode))


def resize(
    d: Draft, x: Top, _roi: Any = None, scales: Any = None, _sizes: Any = None, **a: Any
) -> Top:
    """Resize."""
    given = scales is not None and len(scales) == 4
    ratios = [1 / float(each) for each in scales[2:]] if given else [None, None]
    coordinates = a.get("coordinate_transformation_mode", "half_pixel")
    nearest = a.get("nearest_mode", "round_prefer_floor")
    return resizing.resized(d, x, ratios, a.get("mode", "nearest"), coordinates, nearest)


def power(d: Draft, x: Any, exponent: Any) -> Top:
    """Pow by a constant."""
    if isinstance(exponent, Top) or np.size(exponent) != 1:
        raise CaffeToolsError("a computed exponent has no form in Caffe")
    return arithmetic.power(d, x, float(np.reshape(exponent, ())))


def clip(d: Draft, x: Top, low: Any = None, high: Any = None, **a: Any) -> Top:
    """Clip by constants."""
    low, high = (
        a.get(name) if each is None else float(each) for name, each in (("min", low), ("max", high))
    )
    return arithmetic.clamp(d, x, low, high)


def depth_to_space(d: Draft, x: Top, blocksize: int, mode: str = "DCR") -> Top:
    """DepthToSpace; in the mode DCR the channels of a block are far apart."""
    if mode == "DCR":
        n, c, h, w = x.shape
        blocks, kept = blocksize**2, c // blocksize**2
        x = axes.permute(d, axes.reshape(d, x, (n, blocks, kept, h * w)), (0, 2, 1, 3))
        x = axes.reshape(d, x, (n, c, h, w))
    return resizing.pixel_shuffle(d, x, blocksize)


def greater(d: Draft, x: Any, limit: Any) -> Top:
    """Greater than a constant."""
    if not isinstance(x, Top) or np.size(limit) != 1:
        raise CaffeToolsError("a comparison of two tensors has no form in Caffe")
    return d.one("Threshold", x, threshold=float(np.reshape(limit, ())))
