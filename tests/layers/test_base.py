from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import ShapeError
from caffetools.layers.base import (
    INT_MAX,
    Blobs,
    Facts,
    Layer,
    Options,
    Shape,
    Spec,
    Window,
    at_least,
    between,
    canonical_axis,
    check_shape,
    count,
    dims,
    exactly,
    product,
)
from caffetools.proto.message import Message
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source


def layer(text: str) -> Message:
    return parse(Source("layer.prototxt", text), "LayerParameter")


@pytest.mark.parametrize(
    ("blobs", "told"),
    [
        (exactly(0), "no"),
        (exactly(2), "2"),
        (at_least(1), "at least 1"),
        (between(1, 3), "1 to 3"),
        (between(0, 3), "at most 3"),
    ],
)
def test_numbers_of_blobs_are_told(blobs: Blobs, told: str) -> None:
    assert str(blobs) == told


def spec(text: str, bottoms: tuple[str, ...], tops: tuple[str, ...]) -> Spec:
    return Spec(layer(text), bottoms, tops, "TRAIN", Options())


def test_spec_knows_its_options() -> None:
    found = spec('name: "l" crop_param { axis: 1 }', (), ())
    assert found.name == "l"
    assert found.param("crop_param").integer("axis") == 1
    assert found.param("tile_param").fields == {}
    assert found.param("tile_param").integer("axis") == 1  # the schema's default


@pytest.mark.parametrize(
    ("bottoms", "tops", "in_place"),
    [
        (("a",), ("a",), [True, False]),
        (("a", "b"), ("x", "b"), [False, True]),
        (("a", "b"), ("b", "a"), [False, False]),
        ((), ("a",), [False, False]),
        (("a",), (), [False, False]),
        ((), (), [False, False]),
    ],
)
def test_in_place_is_by_index(
    bottoms: tuple[str, ...], tops: tuple[str, ...], in_place: list[bool]
) -> None:
    found = spec("", bottoms, tops)
    assert [found.in_place(index) for index in range(2)] == in_place


def test_a_layer_keeps_its_bottom_by_default() -> None:
    default = Layer(spec("", ("a",), ("y",)))
    assert default.facts(((2, 3),)) == Facts(tops=((2, 3),), params=(), macs=0, notes=())
    assert default.explain(((2, 3),)) == []
    assert default.windows(((2, 3),)) == []


@pytest.mark.parametrize(
    ("window", "span"), [(Window(3), 3), (Window(3, dilation=2), 5), (Window(1, 9, 9, 9), 1)]
)
def test_span(window: Window, span: int) -> None:
    assert window.span == span


@pytest.mark.parametrize(
    ("shape", "elements", "told", "formula"),
    [
        ((), 1, "scalar", "1"),
        ((7,), 7, "7", "7"),
        ((1, 3, 227, 227), 3 * 227 * 227, "1 x 3 x 227 x 227", "1 * 3 * 227 * 227"),
        ((2, 0), 0, "2 x 0", "2 * 0"),
    ],
)
def test_shapes(shape: Shape, elements: int, told: str, formula: str) -> None:
    assert count(shape) == elements
    assert dims(shape) == told
    assert product("elements", shape) == ("elements", formula, elements)


@given(st.integers(1, 6), st.data())
def test_axes_count_from_either_end(axes: int, data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, axes - 1))
    shape = (1,) * axes
    assert canonical_axis(axis, shape, layer("")) == axis
    assert canonical_axis(axis - axes, shape, layer("")) == axis


@pytest.mark.parametrize(
    ("axis", "shape", "told"), [(2, (3, 4), "3 x 4"), (-3, (3, 4), "3 x 4"), (0, (), "scalar")]
)
def test_no_such_axis(axis: int, shape: Shape, told: str) -> None:
    param = layer("crop_param { offset: 1 axis: 0 }").message("crop_param")
    with pytest.raises(ShapeError) as caught:
        canonical_axis(axis, shape, param)
    assert caught.value.message == f"axis {axis} is out of range for a blob of shape {told}"
    assert caught.value.location == ("layer.prototxt", 1, 24)
    with pytest.raises(ShapeError) as caught:
        canonical_axis(axis, shape, param, "offset")
    assert caught.value.location == ("layer.prototxt", 1, 14)


@pytest.mark.parametrize(
    "shape", [(), (0,), (INT_MAX,), (1,) * 32, (2**15, 2**15), (0, INT_MAX, INT_MAX)]
)
def test_shapes_that_a_blob_may_have(shape: Shape) -> None:
    check_shape(shape, "the top")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1,) * 33, "the top would have 33 axes, more than 32"),
        ((2, -1), "the top would have the negative extent -1 (2 x -1)"),
        ((2**16, 2**15), "the top would have more than 2^31 - 1 elements (65536 x 32768)"),
        ((INT_MAX, 2, 0), "the top would have more than 2^31 - 1 elements (2147483647 x 2 x 0)"),
        ((0, -1), "the top would have the negative extent -1 (0 x -1)"),
    ],
)
def test_shapes_that_no_blob_may_have(shape: Shape, message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        check_shape(shape, "the top")
    assert caught.value.message == message
