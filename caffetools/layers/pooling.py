"""Pooling over two spatial axes, with Caffe's own rule for the last window."""

from __future__ import annotations

import struct
from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import (
    Blobs,
    Facts,
    Layer,
    Shape,
    Spec,
    Step,
    Window,
    between,
    dims,
)
from caffetools.layers.window import axis_names, quotient
from caffetools.message import Message

_EXACT = 2**22
"""Below this, rounding to single precision cannot change what ceil and floor give."""


class Pooling(Layer):
    """(N, C, H, W) -> (N, C, H', W'); a second top has the maxima's places (pooling_layer.cpp)."""

    type: ClassVar[str] = "Pooling"
    tops: ClassVar[Blobs] = between(1, 2)

    def __init__(self, spec: Spec) -> None:
        self.param = param = spec.param("pooling_param")
        self.method = param.text("pool")
        self.round_mode = param.text("round_mode")
        self.whole = param.flag("global_pooling")
        self.top_count = len(spec.tops)
        self.pads = read_pair(param, "pad", 0)
        self.strides = read_pair(param, "stride", 1)
        self.kernels = None if self.whole else read_kernel(param)
        if self.top_count > 1 and self.method != "MAX":
            raise param.error(f"a second top is for MAX pooling, found {self.method}", "pool")
        if self.whole:
            check_global(param, self.pads, self.strides)
        elif any(self.pads):
            if self.method not in ("MAX", "AVE"):
                raise param.error(f"a pad is for MAX and AVE pooling, found {self.method}", "pad")
            for pad, kernel in zip(self.pads, self.kernels or (), strict=True):
                if pad >= kernel:
                    raise param.error(
                        f"expected a pad below the kernel's {kernel}, found {pad}", "pad"
                    )

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        kernels = self.kernels or bottoms[0][2:]
        return [Window(*axis) for axis in zip(kernels, self.strides, self.pads, strict=True)]

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        if len(bottom) != 4:
            raise ShapeError(f"expected a bottom of 4 axes, found {dims(bottom)}")
        if self.whole and 0 in bottom[2:]:
            raise ShapeError(
                f"global pooling needs a bottom that is not empty, found {dims(bottom)}"
            )
        windows = self.windows(bottoms)
        top = (*bottom[:2], *(self.extent(i, bottom, windows) for i in (0, 1)))
        notes = tuple(
            f"a window of {window.kernel} lies on a padded input of {extent + 2 * window.pad}"
            for extent, window in zip(bottom[2:], windows, strict=True)
            if window.kernel > extent + 2 * window.pad
        )
        return Facts((top,) * self.top_count, notes=notes)

    def extent(self, index: int, bottom: Shape, windows: list[Window]) -> int:
        """How many windows an axis has; the last is dropped where it begins beyond the input."""
        extent, window = bottom[2 + index], windows[index]
        rest = extent + 2 * window.pad - window.kernel
        pooled = divide(rest, window.stride, self.round_mode) + 1
        if any(self.pads) and (pooled - 1) * window.stride >= extent + window.pad:
            pooled -= 1
            if (pooled - 1) * window.stride >= extent + window.pad:
                raise ShapeError("more than one window would lie beyond the padded input")
        return pooled

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, windows = bottoms[0], self.windows(bottoms)
        steps = []
        for index, name in enumerate(axis_names(2)):
            extent, window = bottom[2 + index], windows[index]
            rest = extent + 2 * window.pad - window.kernel
            inside = f"{extent} - {window.kernel} + 2*{window.pad}"
            formula = f"{quotient(inside, rest, window.stride, self.round_mode.lower())} + 1"
            pooled = self.extent(index, bottom, windows)
            if pooled != divide(rest, window.stride, self.round_mode) + 1:
                formula += " - 1"  # the window that begins beyond the padded input
            steps.append(Step(name, formula, pooled))
        return steps


def divide(rest: int, stride: int, round_mode: str) -> int:
    """`rest / stride` rounded up or down, in single precision as in Caffe: huge extents show it."""
    if abs(rest) >= _EXACT:
        quotient_ = _single(_single(rest) / stride)
        whole = int(quotient_)
        if round_mode == "CEIL":
            return whole + (quotient_ > whole)
        return whole - (quotient_ < whole)
    return -(-rest // stride) if round_mode == "CEIL" else rest // stride


def _single(value: float) -> float:
    """The value as C++'s float holds it."""
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded


def read_kernel(param: Message) -> tuple[int, int]:
    """`kernel_size`, or both of `kernel_h` and `kernel_w`."""
    both = param.has("kernel_h") and param.has("kernel_w")
    if param.has("kernel_size") == both:
        found = "both" if both else "neither"
        raise param.error(
            f"expected kernel_size or kernel_h and kernel_w, found {found}", "kernel_size"
        )
    names = ("kernel_h", "kernel_w") if both else ("kernel_size", "kernel_size")
    for name in names:
        if not 0 < param.integer(name) < 2**31:
            raise param.error(f"expected a kernel of at least 1, found {param.integer(name)}", name)
    return param.integer(names[0]), param.integer(names[1])


def read_pair(param: Message, name: str, least: int) -> tuple[int, int]:
    """`pad` or `stride`, once or as `_h` and `_w`."""
    by_axis = [f"{name}_{axis}" for axis in "hw" if param.has(f"{name}_{axis}")]
    if by_axis and (len(by_axis) == 1 or param.has(name)):
        raise param.error(f"expected {name}, or both {name}_h and {name}_w", by_axis[0])
    names = by_axis or [name, name]
    for each in names:
        if not least <= param.integer(each) < 2**31:
            raise param.error(
                f"expected a {name} of at least {least}, found {param.integer(each)}", each
            )
    return param.integer(names[0]), param.integer(names[1])


def check_global(param: Message, pads: tuple[int, int], strides: tuple[int, int]) -> None:
    """Global pooling takes its kernel from the bottom, and neither pad nor stride."""
    for name in ("kernel_size", "kernel_h", "kernel_w"):
        if param.has(name):
            raise param.error("global pooling has the bottom's extents as its kernel", name)
    if pads != (0, 0) or strides != (1, 1):
        name = "pad" if pads != (0, 0) else "stride"
        raise param.error("global pooling takes no pad and a stride of 1", name)
