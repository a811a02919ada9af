from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import ShapeError
from caffetools.layers.window import (
    Window,
    axis_name,
    axis_names,
    convolved,
    convolved_step,
    deconvolved,
    deconvolved_step,
    divide,
    quotient,
    read_axes,
    read_windows,
)
from caffetools.proto.message import Message
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source

WINDOWS = st.builds(
    Window, st.integers(1, 9), st.integers(1, 7), st.integers(0, 9), st.integers(1, 4)
)


@pytest.mark.parametrize(
    ("window", "span"), [(Window(3), 3), (Window(3, dilation=2), 5), (Window(1, 9, 9, 9), 1)]
)
def test_span(window: Window, span: int) -> None:
    assert window.span == span


def options(text: str) -> Message:
    return parse(Source("options.prototxt", text), "ConvolutionParameter")


def evaluate(formula: str) -> float:
    words = {"floor": math.floor, "trunc": math.trunc, "ceil": math.ceil, "__builtins__": {}}
    value: float = eval(formula, words)
    return value


def places(extent: int, window: Window) -> list[int]:
    """Where the kernel of a convolution begins, found by moving it along the padded input."""
    padded = extent + 2 * window.pad
    return [
        start
        for start in range(0, padded, window.stride)
        if start + window.dilation * (window.kernel - 1) < padded
    ]


def reached(extent: int, window: Window) -> set[int]:
    """What the kernel of a deconvolution writes to, its pad not yet cut off."""
    return {
        place * window.stride + step * window.dilation
        for place in range(extent)
        for step in range(window.kernel)
    }


@given(st.integers(1, 40), WINDOWS)
def test_convolved_counts_the_places_of_the_kernel(extent: int, window: Window) -> None:
    found = places(extent, window)
    if found:
        assert convolved(extent, window) == len(found)
    else:  # C++ rounds toward zero: -1 / 2 is 0, which leaves one place all the same
        short = window.span - (extent + 2 * window.pad)
        assert convolved(extent, window) == 1 - short // window.stride


@given(st.integers(1, 40), WINDOWS)
def test_deconvolved_is_as_far_as_the_kernel_writes(extent: int, window: Window) -> None:
    assert deconvolved(extent, window) == max(reached(extent, window)) + 1 - 2 * window.pad


@given(st.integers(1, 40), WINDOWS)
def test_deconvolution_undoes_convolution(extent: int, window: Window) -> None:
    assert convolved(deconvolved(extent, window), window) == extent


@given(st.integers(0, 60), WINDOWS)
def test_formulas_are_worth_their_value(extent: int, window: Window) -> None:
    for step in (convolved_step("height", extent, window), deconvolved_step("x", extent, window)):
        assert evaluate(step.formula) == step.value, step.formula


@pytest.mark.parametrize(
    ("extent", "window", "formula", "value"),
    [
        (227, Window(11, 4), "(227 - 11 + 2*0) / 4 + 1", 55),
        (27, Window(5, 1, 2), "(27 - 5 + 2*2) / 1 + 1", 27),
        (224, Window(7, 2, 3), "floor((224 - 7 + 2*3) / 2) + 1", 112),
        (65, Window(3, 1, 2, 2), "(65 - (2*(3 - 1) + 1) + 2*2) / 1 + 1", 65),
        (2, Window(3, 2), "trunc((2 - 3 + 2*0) / 2) + 1", 1),
    ],
)
def test_convolved_step(extent: int, window: Window, formula: str, value: int) -> None:
    assert convolved_step("height", extent, window) == ("height", formula, value)


@pytest.mark.parametrize(
    ("extent", "window", "formula", "value"),
    [
        (16, Window(4, 2, 1), "2 * (16 - 1) + 4 - 2*1", 32),
        (10, Window(3, 1, 0, 2), "1 * (10 - 1) + (2*(3 - 1) + 1) - 2*0", 14),
    ],
)
def test_deconvolved_step(extent: int, window: Window, formula: str, value: int) -> None:
    assert deconvolved_step("width", extent, window) == ("width", formula, value)


@given(st.integers(-100, 100), st.integers(1, 9))
def test_divide_cuts_toward_zero(numerator: int, denominator: int) -> None:
    assert divide(numerator, denominator) == math.trunc(numerator / denominator)


@pytest.mark.parametrize(
    ("numerator", "rounding", "formula"),
    [
        (4, "trunc", "(n) / 2"),
        (5, "trunc", "floor((n) / 2)"),
        (-5, "trunc", "trunc((n) / 2)"),
        (5, "ceil", "ceil((n) / 2)"),
        (-4, "floor", "(n) / 2"),
        (-5, "floor", "floor((n) / 2)"),
    ],
)
def test_quotient_names_the_rounding_that_matters(
    numerator: int, rounding: str, formula: str
) -> None:
    assert quotient("n", numerator, 2, rounding) == formula


def test_axis_names() -> None:
    assert axis_names(0) == []
    assert axis_names(1) == ["length"]
    assert axis_names(2) == ["height", "width"]
    assert axis_names(3) == ["depth", "height", "width"]
    assert axis_names(4) == [f"spatial axis {axis}" for axis in range(4)]


def test_axis_name() -> None:
    image = [axis_name(axis, (2, 3, 4, 5)) for axis in range(4)]
    assert image == ["num", "channels", "height", "width"]
    assert axis_name(1, (2, 3)) == "axis 1"
    assert axis_name(4, (1, 1, 1, 1, 1)) == "axis 4"


@pytest.mark.parametrize(
    ("text", "spatial", "kernels"),
    [
        ("kernel_size: 3", 2, (3, 3)),
        ("kernel_size: 3", 3, (3, 3, 3)),
        ("kernel_size: 3 kernel_size: 5", 2, (3, 5)),
        ("kernel_h: 3 kernel_w: 5", 2, (3, 5)),
        ("kernel_size: 1", 0, ()),
        ("", 0, ()),
    ],
)
def test_read_axes(text: str, spatial: int, kernels: tuple[int, ...]) -> None:
    assert read_axes(options(text), "kernel_size", spatial, None) == kernels


def test_read_axes_by_default() -> None:
    assert read_axes(options(""), "stride", 3, 1) == (1, 1, 1)
    assert read_axes(options("stride_w: 2"), "stride", 2, 1) == (0, 2)


@pytest.mark.parametrize(
    ("text", "spatial", "column", "fragment"),
    [
        ("", 2, 1, "expected kernel_size once or once for each of 2 spatial axes, found 0"),
        ("kernel_size: 1 kernel_size: 1", 3, 16, "each of 3 spatial axes, found 2"),
        ("kernel_h: 3", 3, 1, "kernel_h expected 2 spatial axes, found 3"),
        ("kernel_size: 3 kernel_h: 3 kernel_w: 3", 2, 1, "found both"),
        ("kernel_size: 2147483648", 2, 1, "kernel_size"),
    ],
)
def test_read_axes_refused(text: str, spatial: int, column: int, fragment: str) -> None:
    with pytest.raises(ShapeError) as caught:
        read_axes(options(text), "kernel_size", spatial, None)
    assert fragment in caught.value.message
    assert caught.value.location == ("options.prototxt", 1, column)


def test_read_windows() -> None:
    text = "kernel_h: 3 kernel_w: 5 stride: 2 pad_h: 1 pad_w: 0 dilation: 1 dilation: 2"
    assert read_windows(options(text), 2) == [Window(3, 2, 1, 1), Window(5, 2, 0, 2)]
    assert read_windows(options("kernel_size: 3"), 1) == [Window(3, 1, 0, 1)]


@pytest.mark.parametrize(
    ("text", "column", "fragment"),
    [
        ("kernel_size: 0", 1, "expected a kernel of at least 1, found 0"),
        ("kernel_w: 3", 1, "expected a kernel of at least 1, found 0"),
        ("kernel_size: 1 stride: 0", 16, "expected a stride of at least 1, found 0"),
        ("kernel_size: 1 stride_h: 2", 16, "expected a stride of at least 1, found 0"),
    ],
)
def test_read_windows_refused(text: str, column: int, fragment: str) -> None:
    with pytest.raises(ShapeError) as caught:
        read_windows(options(text), 2)
    assert fragment in caught.value.message
    assert caught.value.location == ("options.prototxt", 1, column)
