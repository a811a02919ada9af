"""Receptive fields, by hand and against the sets of inputs that elements truly depend on."""

from __future__ import annotations

from fractions import Fraction
from math import lcm, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.layers.window import Window
from caffetools.net.receptive import ReceptiveField, ReceptiveFields, _union, receptive_fields
from tests import nets, strategies
from tests.nets import layer

DATA = nets.given("x", 1, 1, 1000)


def fields(text: str) -> dict[str, ReceptiveFields]:
    """The fields of each layer's tops, by its name."""
    net = nets.inferred(text)
    return {
        each.node.name: found for each, found in zip(net.layers, receptive_fields(net), strict=True)
    }


def slide(kind: str, name: str, bottom: str, window: Window) -> str:
    kernel, stride, pad, dilation = window
    options = f"kernel_size: {kernel} stride: {stride} pad: {pad} dilation: {dilation}"
    param = f"convolution_param {{ num_output: 1 {options} }}"
    return layer(kind, name, bottom, name, param)


def convolution(name: str, bottom: str, *window: int) -> str:
    return slide("Convolution", name, bottom, Window(*window))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ReceptiveField(1, 1, 0)),
        (convolution("a", "x", 3), ReceptiveField(3, 1, 0)),
        (convolution("a", "x", 3, 1, 1), ReceptiveField(3, 1, -1)),
        (convolution("a", "x", 3, 2), ReceptiveField(3, 2, 0)),
        (convolution("a", "x", 3, 1, 0, 2), ReceptiveField(2 * (3 - 1) + 1, 1, 0)),
        # 3 + (3 - 1) * 2 = 7, at 2 * 2 = 4, from -1 - 1 * 2.
        (convolution("a", "x", 3, 2, 1) + convolution("b", "a", 3, 2, 1), ReceptiveField(7, 4, -3)),
        (convolution("a", "x", 1, 5), ReceptiveField(1, 5, 0)),
        (convolution("a", "x", 3) + layer("ReLU", "b", "a", "a"), ReceptiveField(3, 1, 0)),
        (convolution("a", "x", 3) + layer("Dropout", "b", "a", "b"), ReceptiveField(3, 1, 0)),
    ],
)
def test_chains(text: str, expected: ReceptiveField) -> None:
    found = list(fields(DATA + text).values())[-1]
    assert found == (expected,)


def test_caffenet_by_hand() -> None:
    """The sizes and strides of Krizhevsky's net: 11, 19, 51, 67, 99, 131, 163, 195."""
    net = (
        nets.given("x", 1, 1, 227)
        + convolution("conv1", "x", 11, 4)
        + convolution("pool1", "conv1", 3, 2)
        + convolution("conv2", "pool1", 5, 1, 2)
        + convolution("pool2", "conv2", 3, 2)
        + convolution("conv3", "pool2", 3, 1, 1)
        + convolution("conv4", "conv3", 3, 1, 1)
        + convolution("conv5", "conv4", 3, 1, 1)
        + convolution("pool5", "conv5", 3, 2)
    )
    found = [each[0] for each in fields(net).values() if each]
    assert [each.size for each in found] == [1, 11, 19, 51, 67, 99, 131, 163, 195]
    assert [each.stride for each in found] == [1, 4, 8, 8, 16, 16, 16, 16, 32]
    # The centre: of 11 elements from 0 on the 6th, 5; then 5 + 4 * (3 - 1) / 2 = 9, and so on.
    assert [each.offset for each in found] == [0, 5, 9, 9, 17, 17, 17, 17, 33]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        # stride 2, kernel 4: each element is reached from 2, half an element apart.
        (Window(4, 2, 1), ReceptiveField(2, Fraction(1, 2), -1)),
        (Window(2, 2), ReceptiveField(1, Fraction(1, 2), 0)),
        (Window(3, 1, 1), ReceptiveField(3, 1, -1)),
        (Window(1, 3), ReceptiveField(1, Fraction(1, 3), 0)),
    ],
)
def test_a_transposed_convolution(window: Window, expected: ReceptiveField) -> None:
    text = DATA + slide("Deconvolution", "up", "x", window)
    assert fields(text)["up"] == (expected,)


def test_up_and_down_again() -> None:
    text = (
        DATA
        + convolution("down", "x", 2, 2)
        + slide("Deconvolution", "up", "down", Window(2, 2))
        + convolution("end", "up", 3)
    )
    # up: of size 2 with stride 2 / 2 = 1; end: 2 + (3 - 1) * 1 = 4.
    assert fields(text)["end"] == (ReceptiveField(4, 1, 0),)


def test_axes_go_apart() -> None:
    option = "kernel_h: 3 kernel_w: 5 stride_h: 1 stride_w: 2 pad_h: 1 pad_w: 0"
    text = nets.given("x", 1, 1, 20, 20) + layer(
        "Convolution", "a", "x", "a", f"convolution_param {{ num_output: 1 {option} }}"
    )
    assert fields(text)["a"] == (ReceptiveField(3, 1, -1), ReceptiveField(5, 2, 0))


def test_branches_give_what_covers_them() -> None:
    text = (
        DATA
        + convolution("a", "x", 1, 2)
        + convolution("b", "x", 7, 2, 3)
        + layer("Eltwise", "sum", "a b", "sum")
        + convolution("c", "sum", 3)
    )
    found = fields(text)
    # a: 0 to 0; b: -3 to 3.
    assert found["sum"] == (ReceptiveField(7, 2, -3),)
    assert found["c"] == (ReceptiveField(7 + (3 - 1) * 2, 2, -3),)


def test_branches_of_other_strides_give_nothing() -> None:
    text = (
        nets.given("x", 1, 1, 9)
        + nets.given("y", 1, 1, 17)
        + convolution("a", "y", 1, 2)
        + layer("Eltwise", "sum", "x a", "sum")
        + convolution("end", "sum", 3)
    )
    found = fields(text)
    assert found["a"] == (ReceptiveField(1, 2, 0),)
    assert (found["sum"], found["end"]) == (None, None)


def test_a_copy_has_the_field_of_its_blob() -> None:
    text = DATA + convolution("a", "x", 3) + convolution("b", "a", 1) + convolution("c", "a", 1)
    assert fields(text)["a_a_0_split"] == (ReceptiveField(3, 1, 0),)


def test_what_sees_everything_has_none() -> None:
    text = DATA + nets.inner_product("ip", "x", 3) + layer("ReLU", "r", "ip", "r")
    assert (fields(text)["ip"], fields(text)["r"]) == (None, None)


def test_a_blob_without_spatial_axes_has_none() -> None:
    assert fields(nets.given("a", 2, 3) + nets.given("b")) == {"a": None, "b": None}


def test_an_unknown_type_ends_all_fields() -> None:
    text = DATA + layer("Unheard", "u", "x", "u") + convolution("a", "u", 3)
    assert (fields(text)["u"], fields(text)["a"]) == (None, None)


@pytest.mark.parametrize("axis", [0, 2])
def test_a_convolution_over_other_axes_has_none(axis: int) -> None:
    option = f"convolution_param {{ num_output: 1 kernel_size: 1 axis: {axis} }}"
    text = nets.given("x", 2, 3, 4, 5, 6) + layer("Convolution", "a", "x", "a", option)
    assert fields(text)["a"] is None


# The sets themselves, on an input without ends.


def chain(windows: list[Window]) -> str:
    """Convolutions from `x` to `end`."""
    names = ["x", *(f"w{index}" for index in range(len(windows) - 1)), "end"]
    return "".join(
        slide("Convolution", top, bottom, window)
        for bottom, top, window in zip(names, names[1:], windows, strict=False)
    )


def seen_from(element: int, windows: list[Window]) -> set[int]:
    """The inputs on which an element at the end of a chain depends."""
    seen = {element}
    for kernel, stride, pad, dilation in reversed(windows):
        seen = {i * stride - pad + dilation * tap for i in seen for tap in range(kernel)}
    return seen


@given(st.lists(strategies.windows(), max_size=4), st.integers(0, 3))
def test_a_field_is_what_an_element_depends_on(windows: list[Window], element: int) -> None:
    found = fields(nets.given("x", 1, 1, 100_000) + chain([*windows, Window(1)]))["end"]
    assert found is not None
    size, stride, start = found[0]
    seen = seen_from(element, windows)
    assert (min(seen), max(seen)) == (start + element * stride, start + element * stride + size - 1)
    assert found[0].offset == sum((min(seen_from(0, windows)), max(seen_from(0, windows)))) / 2


@given(st.lists(st.lists(strategies.windows(), max_size=2), min_size=1, max_size=3))
def test_a_field_covers_all_branches(branches: list[list[Window]]) -> None:
    strides = [prod(window.stride for window in branch) for branch in branches]
    chains = [
        [*branch, Window(1, lcm(*strides) // stride)]  # so that all move at one stride
        for branch, stride in zip(branches, strides, strict=True)
    ]
    joined = _union([fields(DATA + chain(windows))["end"] for windows in chains], 0)
    seen = set().union(*(seen_from(0, windows) for windows in chains))
    assert joined == ReceptiveField(max(seen) - min(seen) + 1, lcm(*strides), min(seen))


@given(strategies.windows())
def test_a_transposed_window_reaches_as_many_as_its_field(window: Window) -> None:
    kernel, stride, pad, dilation = window
    found = fields(DATA + slide("Deconvolution", "up", "x", window))["up"]
    assert found is not None
    size, _, start = found[0]
    reached = [
        [
            i
            for i in range(-40, 40)
            if any(i * stride - pad + dilation * tap == top for tap in range(kernel))
        ]
        for top in range(3 * stride)
    ]
    extents = [seen[-1] - seen[0] + 1 for seen in reached if seen]
    assert max(extents) <= size
    if dilation == 1:
        assert max(extents) == size
        if kernel >= stride:
            assert reached[0][0] == start
