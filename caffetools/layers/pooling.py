"""Pooling over two spatial axes, with Caffe's own rule for the last window."""

from __future__ import annotations

import math
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
from caffetools.layers.checks import check_axes
from caffetools.layers.window import axis_names, quotient
from caffetools.proto.message import Message
from caffetools.proto.wire import single

_EXACT = 2**22
"""Below this, rounding to single precision cannot change what ceil and floor give."""


class Pooling(Layer):
    """(N, C, H, W) -> (N, C, H', W'); a second top has the maxima's places (pooling_layer.cpp)."""

    type: ClassVar[str] = "Pooling"
    tops: ClassVar[Blobs] = between(1, 2)

    def __init__(self, spec: Spec) -> None:
        self.param = param = spec.param("pooling_param")
        self.method = param.text("pool")
        # What master calls round_mode since 2018, forks call ceil_mode.
        self.round_mode = param.text("round_mode") if param.flag("ceil_mode") else "FLOOR"
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
        check_axes(bottom, 4, 4)
        if self.whole and 0 in bottom[2:]:
            raise ShapeError(
                f"global pooling needs a bottom that is not empty, found {dims(bottom)}"
            )
        windows = self.windows(bottoms)
        extents = [
            pooled(extent, window, self.round_mode, any(self.pads))
            for extent, window in zip(bottom[2:], windows, strict=True)
        ]
        for extent, window, number in zip(bottom[2:], windows, extents, strict=True):
            if number < 0:
                raise self.param.error(
                    f"expected a window within the padded input's {extent + 2 * window.pad}, "
                    f"found {window.kernel}",
                    "kernel_size",
                )
        top = (*bottom[:2], *extents)
        notes = tuple(
            f"a window of {window.kernel} lies on a padded input of {extent + 2 * window.pad}"
            for extent, window in zip(bottom[2:], windows, strict=True)
            if window.kernel > extent + 2 * window.pad
        )
        return Facts((top,) * self.top_count, notes=notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [
            pooled_step(name, extent, window, self.round_mode, any(self.pads))
            for name, extent, window in zip(
                axis_names(2), bottoms[0][2:], self.windows(bottoms), strict=True
            )
        ]


def pooled(extent: int, window: Window, round_mode: str, padded: bool) -> int:
    """How many windows an axis has.

    Where any axis is padded, the last window is dropped if it begins beyond the input. Raises
    ShapeError if the one before it does, too.
    """
    windows = divide(extent + 2 * window.pad - window.kernel, window.stride, round_mode) + 1
    if padded and (windows - 1) * window.stride >= extent + window.pad:
        windows -= 1
        if (windows - 1) * window.stride >= extent + window.pad:
            raise ShapeError("more than one window would lie beyond the padded input")
    return windows


def pooled_step(name: str, extent: int, window: Window, round_mode: str, padded: bool) -> Step:
    """The arithmetic of `pooled`, as `(55 - 3 + 2*0) / 2 + 1`."""
    rest = extent + 2 * window.pad - window.kernel
    inside = f"{extent} - {window.kernel} + 2*{window.pad}"
    formula = f"{quotient(inside, rest, window.stride, round_mode.lower())} + 1"
    windows = pooled(extent, window, round_mode, padded)
    if windows != divide(rest, window.stride, round_mode) + 1:
        formula += " - 1"  # the window that begins beyond the input
    return Step(name, formula, windows)


def divide(rest: int, stride: int, round_mode: str) -> int:
    """`rest / stride` rounded up or down, in single precision as in Caffe: huge extents show it."""
    if abs(rest) >= _EXACT:
        divided = single(single(rest) / single(stride))
        return math.ceil(divided) if round_mode == "CEIL" else math.floor(divided)
    return -(-rest // stride) if round_mode == "CEIL" else rest // stride


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
