"""Compositions of Caffe's layers for convolution, pooling and resizing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.layers.blobs import Shape, dims
from caffetools.torch.to_caffe import axes
from caffetools.torch.to_caffe.arithmetic import multiply, power
from caffetools.torch.to_caffe.draft import Array, Draft, Top

Ints = Sequence[int] | int

LOWEST = -3.4e38
"""Padding for a maximum."""


class Windows(NamedTuple):
    """The windows of an operator: one entry for each spatial axis."""

    kernel: Sequence[int]
    stride: Sequence[int]
    pad: Sequence[tuple[int, int]]
    """Before and after."""
    dilation: Sequence[int]

    @classmethod
    def of(cls, kernel: Sequence[int], stride: Ints = 1, pad: Ints = 0, gap: Ints = 1) -> Windows:
        """Fill in one value for all axes, where only one is given."""
        given = ([each] if isinstance(each, int) else [*each] for each in (stride, pad, gap))
        full = [each * len(kernel) if len(each) == 1 else each for each in given]
        return cls(kernel, full[0], [(each, each) for each in full[1]], full[2])

    def same(self, extents: Sequence[int], *, lower: bool = False) -> Windows:
        """Pad for as many windows as the extents have strides; the odd one comes last."""
        around = []
        fields = (self.kernel, self.stride, self.dilation)
        for extent, size, stride, gap in zip(extents, *fields, strict=True):
            total = max(0, (-(-extent // stride) - 1) * stride + gap * (size - 1) + 1 - extent)
            pair = (total // 2, total - total // 2)
            around.append(pair[::-1] if lower else pair)
        return self._replace(pad=around)

    @property
    def is_symmetric(self) -> bool:
        """Whether Caffe can express the padding."""
        return all(before == after for before, after in self.pad)

    def options(self) -> dict[str, Any]:
        """Return the fields of convolution_param or pooling_param, without defaults."""
        pad = [before for before, _ in self.pad]
        found: dict[str, Any] = {}
        named = (("kernel", self.kernel, 0), ("stride", self.stride, 1), ("pad", pad, 0))
        for name, values, usual in named:
            whole = "kernel_size" if name == "kernel" else name
            if len(set(values)) == 1:
                found |= {whole: values[0]} if values[0] != usual else {}
            elif len(values) == 2:
                found |= {f"{name}_h": values[0], f"{name}_w": values[1]}
            else:
                found[whole] = [*values]
        if any(each != 1 for each in self.dilation):
            same = len(set(self.dilation)) == 1
            found["dilation"] = self.dilation[0] if same else [*self.dilation]
        return found


def _symmetric(d: Draft, x: Top, windows: Windows, value: float) -> tuple[Top, Windows]:
    """Pad the blob itself where Caffe's layer cannot, since it pads both ends alike."""
    if windows.is_symmetric:
        return x, windows
    x = axes.pad(d, x, [(0, 0), (0, 0), *windows.pad], value)
    return x, windows._replace(pad=[(0, 0)] * len(windows.pad))


def convolution(
    d: Draft, x: Top, weight: Array, bias: Array | None, windows: Windows, groups: int = 1
) -> Top:
    """Convolve; zero padding of the input before is merged if it is symmetric."""
    x, windows = _symmetric(d, x, windows, 0)
    source, around, value = d.padded.get(x.name, (x, [], 1.0))
    spatial = around[2:]
    if value == 0 and not any(map(any, around[:2])) and all(a == b >= 0 for a, b in spatial):
        pairs = zip(windows.pad, spatial, strict=True)
        x, windows = source, windows._replace(pad=[(a + c, b + d) for (a, b), (c, d) in pairs])
    return convolved(d, "Convolution", x, weight, bias, windows, groups)


def convolved(
    d: Draft, kind: str, x: Top, weight: Array, bias: Array | None, windows: Windows, groups: int
) -> Top:
    """Add a Convolution or a Deconvolution."""
    return d.one(
        kind,
        x,
        blobs=[weight] if bias is None else [weight, bias],
        num_output=weight.shape[0] if kind == "Convolution" else weight.shape[1] * groups,
        bias_term=None if bias is not None else False,
        **windows.options(),
        group=groups if groups > 1 else None,
    )


def transposed_convolution(
    d: Draft, x: Top, weight: Array, bias: Array | None, windows: Windows, more: Ints, groups: int
) -> Top:
    """Deconvolve; `more` output padding is a kernel enlarged by zeros, which Caffe can express."""
    extra = [more] * (weight.ndim - 2) if isinstance(more, int) else [*more]
    if len(extra) == 1:
        extra *= weight.ndim - 2
    pairs = zip(extra, windows.pad, strict=True)
    extra = [each + before - after for each, (before, after) in pairs]
    windows = windows._replace(pad=[(before, before) for before, _ in windows.pad])
    if min(extra) < 0 or (any(extra) and any(each != 1 for each in windows.dilation)):
        raise CaffeToolsError("output padding with dilation, or below 0, has no form in Caffe")
    weight = np.pad(weight, [(0, 0), (0, 0), *((0, each) for each in extra)])
    windows = windows._replace(kernel=weight.shape[2:])
    return convolved(d, "Deconvolution", x, weight, bias, windows, groups)


def pooling(
    d: Draft,
    x: Top,
    method: str,
    windows: Windows,
    *,
    counts_padding: bool = True,
    divisor: int | None = None,
) -> Top:
    """Pool into `d.shape`; refused if Caffe has other windows, rounded up or down."""
    options: Any = {"counts_padding": counts_padding, "divisor": divisor}
    if len(x.shape) in {3, 5}:
        return _pooled_flat(d, x, method, windows, **options)
    if len(x.shape) != 4 or any(each != 1 for each in windows.dilation):
        raise CaffeToolsError("Caffe pools over two axes, without dilation")
    if not windows.is_symmetric and method == "AVE" and not counts_padding:
        raise CaffeToolsError("an average beside asymmetric padding has no form in Caffe")
    x, windows = _symmetric(d, x, windows, LOWEST if method == "MAX" else 0)
    found = []
    for bottom, each in (*_merged(d, x, method, windows), (x, windows)):
        for rounding in (None, "FLOOR"):
            try:
                top = d.one("Pooling", bottom, pool=method, **each.options(), round_mode=rounding)
            except CaffeToolsError as error:
                found.append(error.message)
                continue
            if top.shape == d.shape:
                corrected = method == "AVE" and not (counts_padding and divisor is None)
                return _rescaled(d, top, x.shape, windows, **options) if corrected else top
            found.append(dims(top.shape))
    text = f"pooling expected {dims(d.shape)}, found {found[-2]} in Caffe, which rounds otherwise"
    raise CaffeToolsError(text)


def _merged(d: Draft, x: Top, method: str, windows: Windows) -> Iterator[tuple[Top, Windows]]:
    """Yield the blob before padding by the lowest number: Caffe ignores what lies outside."""
    source, around, value = d.padded.get(x.name, (x, [], 0.0))
    if method == "MAX" and value < -1e30 and not any(map(any, around[:2])):
        before = [old[0] + new[0] for old, new in zip(windows.pad, around[2:], strict=True)]
        if min(before) >= 0:
            yield source, Windows.of(windows.kernel, windows.stride, before)


def _pooled_flat(d: Draft, x: Top, method: str, windows: Windows, **options: Any) -> Top:
    """Pool over one axis, or over the first of three, as over two."""
    whole = d.shape
    trivial: tuple[Any, ...] = (1, 1, (0, 0), 1)
    if len(whole) == 3:
        before, d.shape = ((*shape[:2], 1, shape[2]) for shape in (x.shape, whole))
        flat = ([one, *each] for one, each in zip(trivial, windows, strict=True))
    elif any({*each[1:]} - {one} for one, each in zip(trivial, windows, strict=True)):
        raise CaffeToolsError("pooling over three axes has no form in Caffe")
    else:
        before, d.shape = ((*shape[:3], prod(shape[3:])) for shape in (x.shape, whole))
        flat = ([each[0], one] for one, each in zip(trivial, windows, strict=True))
    y = pooling(d, axes.reshape(d, x, before), method, Windows(*flat), **options)
    d.shape = whole
    return axes.reshape(d, y, whole)


def _rescaled(
    d: Draft, top: Top, bottom: Shape, windows: Windows, counts_padding: bool, divisor: int | None
) -> Top:
    """Correct the divisor of an average, which in Caffe counts padding."""
    areas = []  # of each window along each axis: in Caffe, and in PyTorch
    for axis in range(2):
        kernel, stride, (pad, _) = windows.kernel[axis], windows.stride[axis], windows.pad[axis]
        starts = np.arange(top.shape[axis + 2]) * stride - pad
        extent = bottom[axis + 2]
        padded = np.minimum(starts + kernel, extent + pad) - starts
        inside = np.minimum(starts + kernel, extent) - np.maximum(starts, 0)
        areas.append((padded, padded if counts_padding else inside))
    caffe, torch = (np.outer(*pair).astype(np.float64) for pair in zip(*areas, strict=True))
    ratio = caffe / (torch if divisor is None else divisor)
    if (ratio == ratio.flat[0]).all():
        return power(d, top, scale=ratio.flat[0])
    return multiply(d, top, ratio)


def every(d: Draft, x: Top, axis: int, start: int, step: int) -> Top:
    """Return each `step`th element of a spatial axis: a depthwise Convolution that copies."""
    kernel, stride = [1, 1], [1, 1]
    kernel[axis - 2], stride[axis - 2] = start + 1, step
    weight = np.zeros((x.shape[1], 1, *kernel))
    weight[..., -1, -1] = 1
    return convolved(d, "Convolution", x, weight, None, Windows.of(kernel, stride), x.shape[1])
