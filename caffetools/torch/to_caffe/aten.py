"""PyTorch's operators as compositions of Caffe's layers, by name.

Each function takes the arguments of the operator's schema: a `Top` for what depends on an input, an
array for a constant tensor, and Python's values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe import (
    arithmetic,
    axes,
    normalizations,
    products,
    resizing,
    sliding,
)
from caffetools.torch.to_caffe.draft import Array, Draft, Top
from caffetools.torch.to_caffe.sliding import Ints, Windows

Operator = Callable[..., Any]

_NO_PRODUCT = "the product of two computed matrices has no form in Caffe"


def convolution(
    d: Draft,
    x: Top,
    weight: Array,
    bias: Array | None = None,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Top:
    """conv1d, conv2d, conv3d; padding may be "same" or "valid"."""
    amount = 0 if isinstance(padding, str) else padding
    windows = Windows.of(weight.shape[2:], stride, amount, dilation)
    if padding == "same":
        windows = windows.same(x.shape[2:])
    return sliding.convolution(d, x, weight, bias, windows, groups)


def transposed(
    d: Draft,
    x: Top,
    weight: Array,
    bias: Array | None = None,
    stride: Ints = 1,
    padding: Ints = 0,
    more: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Top:
    """conv_transpose1d, conv_transpose2d."""
    windows = Windows.of(weight.shape[2:], stride, padding, dilation)
    return sliding.transposed_convolution(d, x, weight, bias, windows, more, groups)


def linear(d: Draft, x: Any, weight: Any, bias: Any = None) -> Top:
    """Linear by a constant matrix."""
    if not isinstance(x, Top) or not isinstance(weight, np.ndarray) or isinstance(bias, Top):
        raise CaffeToolsError(_NO_PRODUCT)
    return products.by_constant(d, x, weight, bias)


def instance_norm(
    d: Draft, x: Top, weight: Any, bias: Any, mean: Any, var: Any, by_input: bool, *rest: Any
) -> Top:
    """instance_norm by the statistics of the input, or by running ones."""
    eps = rest[1]
    if by_input or mean is None:
        return normalizations.group_norm(d, x, x.shape[1], weight, bias, eps)
    return normalizations.batch_norm(d, x, weight, bias, mean, var, eps)


def max_pool(
    d: Draft, x: Top, kernel: Ints, stride: Ints = (), pad: Ints = 0, gap: Ints = 1, *_: Any
) -> Top:
    """max_pool1d, max_pool2d."""
    size = _sizes(x, kernel)
    return sliding.pooling(d, x, "MAX", Windows.of(size, stride or size, pad, gap))


def average_pool(
    d: Draft,
    x: Top,
    kernel: Ints,
    stride: Ints = (),
    pad: Ints = 0,
    _ceil: bool = False,
    counts: bool = True,
    divisor: int | None = None,
) -> Top:
    """avg_pool1d, avg_pool2d, avg_pool3d."""
    size = _sizes(x, kernel)
    windows = Windows.of(size, stride or size, pad)
    return sliding.pooling(d, x, "AVE", windows, counts_padding=counts, divisor=divisor)


def _sizes(x: Top, kernel: Ints) -> list[int]:
    given = [kernel] if isinstance(kernel, int) else [*kernel]
    return given * (len(x.shape) - 2) if len(given) == 1 else given


def resized(d: Draft, x: Top, _size: Any, *options: Any, mode: str, nearest: str = "floor") -> Top:
    """upsample_nearest2d, upsample_bilinear2d: sizes, align_corners, then scales."""
    corners = mode == "linear" and options[0]
    scales = options[mode == "linear" :]
    given = scales[0] if scales and isinstance(scales[0], (list, tuple)) else scales
    ratios = [1 / each for each in given] if given and all(given) else [None, None]
    coordinates = "align_corners" if corners else "half_pixel"
    if mode == "nearest":
        coordinates = "asymmetric"
    return resizing.resized(d, x, ratios, mode, coordinates, nearest)


def pad(
    d: Draft, x: Top, amounts: Sequence[int], mode: str | float = "constant", value: Any = None
) -> Top:
    """pad, constant_pad_nd: amounts from the last axis on."""
    mode, value = (mode, value) if isinstance(mode, str) else ("constant", mode)
    pairs = [*zip(amounts[::2], amounts[1::2], strict=True)][::-1]
    around = [(0, 0)] * (len(x.shape) - len(pairs)) + pairs
    return axes.pad(d, x, around, max(value or 0.0, sliding.LOWEST), mode)


def slice_(
    d: Draft, x: Top, axis: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Top:
    """Slice."""
    axis %= len(x.shape)
    places = range(*slice(start, end, step).indices(x.shape[axis]))
    is_spatial = len(x.shape) == 4 and axis > 1
    if step > 1 and is_spatial and places.start < step and places.stop == x.shape[axis]:
        return sliding.every(d, x, axis, places.start, step)
    return axes.gather(d, x, axis, places)


def split(d: Draft, x: Top, size: Ints, axis: int = 0) -> list[Top]:
    """split, split_with_sizes."""
    if isinstance(size, int):
        extent = x.shape[axis]
        size = [min(size, extent - start) for start in range(0, extent, size)]
    return axes.split(d, x, axis, size)


def unbind(d: Draft, x: Top, axis: int = 0) -> list[Top]:
    """Unbind."""
    return [axes.reshape(d, part, d.shape) for part in split(d, x, 1, axis)]


def concat(d: Draft, tensors: Sequence[Any], axis: int = 0) -> Top:
    """Cat."""
    tensors = [axes.as_top(d, each, tensors) for each in tensors]
    return axes.concat(d, tensors, axis)


def stack(d: Draft, tensors: Sequence[Top], axis: int = 0) -> Top:
    """Stack."""
    axis %= len(d.shape)
    shape = (*d.shape[:axis], 1, *d.shape[axis + 1 :])
    return concat(d, [axes.reshape(d, each, shape) for each in tensors], axis)


def transpose(d: Draft, x: Top, first: int = 0, second: int = 1) -> Top:
    """transpose, t."""
    order = [*range(len(x.shape))]
    order[first], order[second] = order[second], order[first]
    return axes.permute(d, x, order)


def flip(d: Draft, x: Top, dims: Sequence[int]) -> Top:
    """Flip."""
    return reduce(lambda y, axis: axes.gather(d, y, axis, range(y.shape[axis])[::-1]), dims, x)


def roll(d: Draft, x: Top, shifts: Sequence[int], dims: Sequence[int] = ()) -> Top:
    """Roll along axes."""
    if not dims:
        raise CaffeToolsError("roll expected axes")
    for shift, axis in zip(shifts, dims, strict=True):
        x = axes.gather(d, x, axis, range(-shift, x.shape[axis] - shift))
    return x


def embedding(d: Draft, weight: Any, x: Top, *_: Any) -> Top:
    """Embedding."""
    number, size = weight.shape
    return d.one("Embed", x, blobs=[weight], input_dim=number, num_output=size, bias_term=False)


def index(d: Draft, x: Top, indices: Sequence[Any]) -> Top:
    """Index by one constant list along one axis."""
    chosen = [axis for axis, each in enumerate(indices) if each is not None]
    places = indices[chosen[0]]
    if len(chosen) > 1 or not isinstance(places, np.ndarray) or places.ndim != 1:
        raise CaffeToolsError("several or computed lists of indices have no form in Caffe")
    return axes.gather(d, x, chosen[0], places)


def glu(d: Draft, x: Top, axis: int = -1) -> Top:
    """Glu."""
    first, second = axes.split(d, x, axis, [x.shape[axis] // 2] * 2)
    return arithmetic.multiply(d, first, d.one("Sigmoid", second))


def addcmul(d: Draft, x: Any, a: Any, b: Any, value: float = 1) -> Top:
    """X + value · a · b."""
    product = arithmetic.multiply(d, a, b)
    return arithmetic.add(d, x, arithmetic.power(d, product, scale=value))
