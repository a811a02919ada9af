"""Kernel, stride, padding and dilation of convolutions, and the output extents."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.layers.blobs import INT_MAX, Shape, Step
from caffetools.proto.message import Message


class Window(NamedTuple):
    """Sliding window along one axis.

    Examples
    --------
    >>> Window(kernel=3, stride=2, pad=1, dilation=2).span
    5
    """

    kernel: int
    stride: int = 1
    pad: int = 0
    dilation: int = 1

    @property
    def span(self) -> int:
        """Extent of the dilated kernel."""
        return self.dilation * (self.kernel - 1) + 1

    def exceeds(self, extent: int) -> str:
        """Return a note on a kernel larger than its padded input, empty if it is not."""
        padded = extent + 2 * self.pad
        if self.span <= padded:
            return ""
        return f"kernel extent {self.span} exceeds padded input {padded}"


def read_axes(message: Message, name: str, spatial: int, default: int | None) -> tuple[int, ...]:
    """Read an option given once, once per spatial axis, or as `_h` and `_w` (base_conv_layer.cpp).

    `default` is the value of an option that is not given, None for a required one.
    """
    base = name.removesuffix("_size")
    by_name = [axis for axis in (f"{base}_h", f"{base}_w") if message.has(axis)]
    values = message.integers(name)
    if by_name:
        if spatial != 2:
            text = f"{by_name[0]} expected 2 spatial axes, found {spatial}"
            raise message.error(text, by_name[0])
        if values:
            text = f"expected either {name} or {base}_h and {base}_w, found both"
            raise message.error(text, name)
        values = [message.integer(f"{base}_h"), message.integer(f"{base}_w")]
    elif not values and default is not None:
        values = [default]
    elif len(values) not in (1, spatial):
        expected = f"expected {name} once or once for each of {spatial} spatial axes"
        raise message.error(f"{expected}, found {len(values)}", name)
    if any(value > INT_MAX for value in values):
        raise message.error(f"{name} exceeds 2^31 - 1", name)
    return tuple(values * spatial if len(values) == 1 else values)


def read_windows(message: Message, spatial: int) -> list[Window]:
    """Read the window of each spatial axis of a convolution, deconvolution or Im2col.

    DeepLab's forks call the dilation `hole`.
    """
    kernels = read_axes(message, "kernel_size", spatial, None)
    strides = read_axes(message, "stride", spatial, 1)
    pads = read_axes(message, "pad", spatial, 0)
    hole = message.has("hole") or message.has("hole_h")
    dilations = read_axes(message, "hole" if hole else "dilation", spatial, 1)
    if 0 in kernels:
        name = "kernel_size" if message.has("kernel_size") else "kernel_h"
        raise message.error("expected a kernel of at least 1, found 0", name)
    if 0 in strides:
        name = "stride" if message.has("stride") else "stride_h"
        raise message.error("expected a stride of at least 1, found 0", name)
    return [Window(*axis) for axis in zip(kernels, strides, pads, dilations, strict=True)]


def divide(numerator: int, denominator: int) -> int:
    """Divide integers as C++ does, rounding toward zero: -1 / 2 is 0."""
    return -(-numerator // denominator) if numerator < 0 else numerator // denominator


def convolved(extent: int, window: Window) -> int:
    """Return the output extent of a convolution (conv_layer.cpp, compute_output_shape)."""
    return divide(extent + 2 * window.pad - window.span, window.stride) + 1


def deconvolved(extent: int, window: Window) -> int:
    """Return the output extent of a deconvolution (deconv_layer.cpp, compute_output_shape)."""
    return window.stride * (extent - 1) + window.span - 2 * window.pad


def convolved_step(name: str, extent: int, window: Window) -> Step:
    """Return the arithmetic of `convolved`, as `(227 - 11 + 2*0) / 4 + 1`."""
    inside = f"{extent} - {span_formula(window)} + 2*{window.pad}"
    rest = extent + 2 * window.pad - window.span
    value = convolved(extent, window)
    return Step(name, f"{quotient(inside, rest, window.stride)} + 1", value)


def deconvolved_step(name: str, extent: int, window: Window) -> Step:
    """Return the arithmetic of `deconvolved`, as `2 * (16 - 1) + 4 - 2*1`."""
    formula = f"{window.stride} * ({extent} - 1) + {span_formula(window)} - 2*{window.pad}"
    return Step(name, formula, deconvolved(extent, window))


def span_formula(window: Window) -> str:
    """Return the kernel extent as a formula, with the dilation if it is not 1."""
    if window.dilation == 1:
        return str(window.kernel)
    return f"({window.dilation}*({window.kernel} - 1) + 1)"


def quotient(inside: str, numerator: int, stride: int, rounding: str = "trunc") -> str:
    """Return `(inside) / stride` as a formula, with the rounding unless the division is exact."""
    if numerator % stride == 0:
        return f"({inside}) / {stride}"
    if rounding == "trunc" and numerator > 0:
        rounding = "floor"  # equal for positive numbers
    return f"{rounding}(({inside}) / {stride})"


def axis_names(spatial: int) -> list[str]:
    """Return the names of the spatial axes in an explanation."""
    if spatial <= 3:
        return [[], ["length"], ["height", "width"], ["depth", "height", "width"]][spatial]
    return [f"spatial axis {i}" for i in range(spatial)]


def axis_name(axis: int, shape: Shape) -> str:
    """Return the name of an axis in an explanation: Caffe's old names for four axes."""
    if len(shape) == 4:
        return ("num", "channels", "height", "width")[axis]
    return f"axis {axis}"
