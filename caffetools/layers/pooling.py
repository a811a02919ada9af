"""Pooling over windows, and spatial pyramid pooling."""

from __future__ import annotations

import math
from collections.abc import Iterator

from caffetools.errors import ShapeError
from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, Step, between, dims
from caffetools.layers.checks import check_axes, mismatch, read_integer
from caffetools.layers.window import Window, axis_name, axis_names, quotient
from caffetools.proto.message import Message
from caffetools.proto.wire import single

_EXACT = 2**22
"""Below this, single precision cannot change the result of ceil and floor."""


class Pooling(Layer):
    """(N, C, H, W) -> (N, C, H', W'); a second top has the argmax (pooling_layer.cpp)."""

    type = "Pooling"
    param_name = "pooling_param"
    tops = between(1, 2)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        param = self.param
        self.method = param.text("pool")
        # round_mode is in master since 2018; some forks have ceil_mode.
        self.round_mode = param.text("round_mode") if param.flag("ceil_mode") else "FLOOR"
        self.whole = param.flag("global_pooling")
        self.pads = read_pair(param, "pad", 0)
        self.strides = read_pair(param, "stride", 1)
        self.kernels = None if self.whole else read_kernel(param)
        if self.top_count > 1 and self.method != "MAX":
            raise param.error(f"a second top expected MAX pooling, found {self.method}", "pool")
        if self.whole:
            check_global(param, self.pads, self.strides)
        elif any(self.pads):
            if self.method not in ("MAX", "AVE"):
                raise param.error(f"pad expected MAX or AVE pooling, found {self.method}", "pad")
            for pad, kernel in zip(self.pads, self.kernels or (), strict=True):
                if pad >= kernel:
                    text = f"expected pad below the kernel extent {kernel}, found {pad}"
                    raise param.error(text, "pad")

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        kernels = self.kernels or bottoms[0][2:]
        return [Window(*axis) for axis in zip(kernels, self.strides, self.pads, strict=True)]

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        check_axes(bottom, 4, 4)
        if self.whole and 0 in bottom[2:]:
            text = f"global pooling expected a bottom that is not empty, found {dims(bottom)}"
            raise ShapeError(text)
        extents, notes = pooled_extents(
            self.param, bottom[2:], self.windows(bottoms), self.round_mode, padded=any(self.pads)
        )
        return Facts(((*bottom[:2], *extents),) * self.top_count, notes=notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        axes = zip(axis_names(2), bottoms[0][2:], self.windows(bottoms), strict=True)
        return [pooled_step(*axis, self.round_mode, any(self.pads)) for axis in axes]

    def remarks(self, bottoms: tuple[Shape, ...]) -> list[str]:
        if self.whole:
            return []
        names: dict[str, list[str]] = {}
        axes = zip(axis_names(2), bottoms[0][2:], self.windows(bottoms), strict=True)
        for name, extent, window in axes:
            for text in pooling_remarks(extent, window, self.round_mode, any(self.pads)):
                names.setdefault(text, []).append(name)
        return [f"{', '.join(same)}: {text}" for text, same in names.items()]


class SPP(Layer):
    """(N, C, H, W) -> (N, C · bins), or (N, C, 1, 1) for one level (spp_layer.cpp).

    Level i divides each axis into 2^i bins of equal extent, with padding if needed; the top has the
    bins of all levels.
    """

    type = "SPP"
    param_name = "spp_param"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.height = read_integer(self.param, "pyramid_height")
        self.method = self.param.text("pool")

    def level(self, index: int, bottom: Shape) -> list[Window]:
        """Return the windows of a level; ShapeError for a padding that Pooling refuses."""
        windows = [level_window(extent, 2**index) for extent in bottom[2:]]
        padded = any(window.pad for window in windows)
        if padded and self.method == "STOCHASTIC":
            text = f"level {index} of {dims(bottom)} requires a pad, expected MAX or AVE pooling"
            raise self.param.error(text, "pool")
        for extent, window in zip(bottom[2:], windows, strict=True):
            if window.pad >= window.kernel:
                raise self.param.error(
                    f"level {index} of the pyramid cannot divide an extent of {extent} "
                    f"into {2**index}: pad {window.pad} exceeds its kernel of {window.kernel}",
                    "pyramid_height",
                )
        return windows

    def bins(self, bottom: Shape) -> list[list[Step]]:
        """Return the arithmetic of the two extents of each level."""
        levels = []
        for index in range(self.height):
            windows = self.level(index, bottom)
            padded = any(window.pad for window in windows)
            names = [f"{name} of level {index}" for name in axis_names(2)]
            axes = zip(names, bottom[2:], windows, strict=True)
            levels.append([pooled_step(*axis, "CEIL", padded) for axis in axes])
        return levels

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        check_axes(bottom, 4, 4)
        if 0 in bottom[2:]:
            raise mismatch("a bottom that is not empty", bottom)
        levels = self.bins(bottom)
        if self.height == 1:
            return Facts(((*bottom[:2], *(step.value for step in levels[0])),))
        bins = sum(height.value * width.value for height, width in levels)
        return Facts(((bottom[0], bottom[1] * bins),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        levels = self.bins(bottoms[0])
        steps = [step for level in levels for step in level]
        if self.height == 1:
            return steps
        (top,) = self.facts(bottoms).tops
        assert top is not None
        bins = " + ".join(f"{height.value}*{width.value}" for height, width in levels)
        return [*steps, Step(axis_name(1, top), f"{bottoms[0][1]} * ({bins})", top[1])]


def pooled_extents(
    param: Message, extents: Shape, windows: list[Window], round_mode: str, *, padded: bool
) -> tuple[Shape, tuple[str, ...]]:
    """Return the extents of the top, and a note on each kernel that exceeds its padded input.

    Raises ShapeError where the number of windows is negative.
    """
    axes = list(zip(extents, windows, strict=True))
    found = tuple(pooled(*axis, round_mode, padded) for axis in axes)
    notes = [window.exceeds(extent) for extent, window in axes]
    for note, number in zip(notes, found, strict=True):
        if number < 0 and note:
            raise param.error(note, "kernel_size")
    return found, tuple(filter(None, notes))


def pooled(extent: int, window: Window, round_mode: str, padded: bool) -> int:
    """Return the number of windows along an axis.

    If any axis is padded, a last window that starts beyond the input is dropped. Raises ShapeError
    if the window before it does so, too.
    """
    windows = divide(extent + 2 * window.pad - window.kernel, window.stride, round_mode) + 1
    if padded and (windows - 1) * window.stride >= extent + window.pad:
        windows -= 1
        if (windows - 1) * window.stride >= extent + window.pad:
            raise ShapeError("more than one window starts beyond the padded input")
    return windows


def pooled_step(name: str, extent: int, window: Window, round_mode: str, padded: bool) -> Step:
    """Return the arithmetic of `pooled`, as `(55 - 3 + 2*0) / 2 + 1`."""
    rest = extent + 2 * window.pad - window.kernel
    inside = f"{extent} - {window.kernel} + 2*{window.pad}"
    formula = f"{quotient(inside, rest, window.stride, round_mode.lower())} + 1"
    windows = pooled(extent, window, round_mode, padded)
    if windows != divide(rest, window.stride, round_mode) + 1:
        formula += " - 1"  # the window that starts beyond the input
    return Step(name, formula, windows)


def pooling_remarks(extent: int, window: Window, round_mode: str, padded: bool) -> Iterator[str]:
    """Yield why Caffe drops the last window of an axis, and where PyTorch's rules differ.

    PyTorch rounds down, or up with `ceil_mode`; then it drops a last window that starts beyond the
    input and its first padding, as Caffe does only if an axis is padded.
    """
    rest = extent + 2 * window.pad - window.kernel
    found = pooled(extent, window, round_mode, padded)
    last = divide(rest, window.stride, round_mode)
    if found != last + 1:
        yield (
            f"the last window is dropped: with {window.pad} of padding it would start at "
            f"{last}*{window.stride} - {window.pad} = {last * window.stride - window.pad}, beyond "
            f"the input of {extent} (pooling_layer.cpp)"
        )
    low = rest // window.stride + 1
    high = -(-rest // window.stride) + 1
    high -= (high - 1) * window.stride >= extent + window.pad
    if {low, high} != {found}:
        yield f"PyTorch gives {low}{f', or with ceil_mode {high}' if low != high else ''}"


def divide(rest: int, stride: int, round_mode: str) -> int:
    """Divide and round up or down, in single precision as Caffe, which matters for huge extents."""
    if abs(rest) >= _EXACT:
        divided = single(single(rest) / single(stride))
        return math.ceil(divided) if round_mode == "CEIL" else math.floor(divided)
    return -(-rest // stride) if round_mode == "CEIL" else rest // stride


def read_kernel(param: Message) -> tuple[int, int]:
    """Read `kernel_size`, or both `kernel_h` and `kernel_w`."""
    both = param.has("kernel_h") and param.has("kernel_w")
    if param.has("kernel_size") == both:
        found = "both" if both else "neither"
        text = f"expected kernel_size or kernel_h and kernel_w, found {found}"
        raise param.error(text, "kernel_size")
    names = ("kernel_h", "kernel_w") if both else ("kernel_size", "kernel_size")
    return read_integer(param, names[0]), read_integer(param, names[1])


def read_pair(param: Message, name: str, least: int) -> tuple[int, int]:
    """Read `pad` or `stride`, given once or as `_h` and `_w`."""
    by_axis = [f"{name}_{axis}" for axis in "hw" if param.has(f"{name}_{axis}")]
    if by_axis and (len(by_axis) == 1 or param.has(name)):
        raise param.error(f"expected {name}, or both {name}_h and {name}_w", by_axis[0])
    names = by_axis or [name, name]
    return read_integer(param, names[0], least), read_integer(param, names[1], least)


def check_global(param: Message, pads: tuple[int, int], strides: tuple[int, int]) -> None:
    """Raise ShapeError for options that global pooling excludes: kernel, pad, stride."""
    for name in ("kernel_size", "kernel_h", "kernel_w"):
        if param.has(name):
            raise param.error(f"expected no {name} with global_pooling", name)
    if pads != (0, 0) or strides != (1, 1):
        name = "pad" if pads != (0, 0) else "stride"
        raise param.error("expected no pad and a stride of 1 with global_pooling", name)


def level_window(extent: int, bins: int) -> Window:
    """Return the window that divides an extent into this number of bins."""
    kernel = -(-extent // bins)
    return Window(kernel, kernel, (kernel * bins - extent + 1) // 2)
