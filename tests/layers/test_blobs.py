from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import ShapeError
from caffetools.layers.blobs import (
    INT_MAX,
    Blobs,
    Shape,
    at_least,
    between,
    canonical_axis,
    check_shape,
    count,
    dims,
    exactly,
    product,
)
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source


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
    assert canonical_axis(axis, shape, parse(Source("", ""), "LayerParameter")) == axis
    assert canonical_axis(axis - axes, shape, parse(Source("", ""), "LayerParameter")) == axis


@pytest.mark.parametrize(
    ("axis", "shape", "told"), [(2, (3, 4), "3 x 4"), (-3, (3, 4), "3 x 4"), (0, (), "scalar")]
)
def test_no_such_axis(axis: int, shape: Shape, told: str) -> None:
    text = "crop_param { offset: 1 axis: 0 }"
    param = parse(Source("layer.prototxt", text), "LayerParameter").message("crop_param")
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
