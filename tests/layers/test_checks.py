from __future__ import annotations

import pytest

from caffetools.errors import ShapeError
from caffetools.layers.base import Options, Spec
from caffetools.layers.blobs import Shape
from caffetools.layers.checks import (
    check_axes,
    check_int,
    check_not_empty,
    check_not_in_place,
    check_positive,
    four_axes,
    mismatch,
    read_integer,
)
from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((), (1, 1, 1, 1)),
        ((5,), (5, 1, 1, 1)),
        ((5, 0), (5, 0, 1, 1)),
        ((2, 3, 4, 5), (2, 3, 4, 5)),
    ],
)
def test_four_axes(shape: Shape, expected: Shape) -> None:
    assert four_axes(shape) == expected


def test_five_axes_are_refused() -> None:
    with pytest.raises(ShapeError, match="at most 4 axes, found 1 x 2 x 3 x 4 x 5"):
        four_axes((1, 2, 3, 4, 5))


def spec(text: str, bottoms: tuple[str, ...] = ("a",), tops: tuple[str, ...] = ("y",)) -> Spec:
    message = parse(Source("layer.prototxt", text), "LayerParameter")
    return Spec(message, bottoms, tops, "TRAIN", Options())


def test_not_in_place() -> None:
    check_not_in_place(spec('type: "T" top: "y"'))
    check_not_in_place(spec('type: "T" top: "a"', ("b", "a"), ("a",)))  # the other bottom
    with pytest.raises(ShapeError, match="T cannot compute in place, found 'a' as") as caught:
        check_not_in_place(spec('type: "T" top: "a"', tops=("a",)))
    assert caught.value.location == ("layer.prototxt", 1, 11)


@pytest.mark.parametrize("extents", [(), (1,), (2, 3)])
def test_not_empty(extents: Shape) -> None:
    check_not_empty(extents, (0, 2, 3))


@pytest.mark.parametrize("extents", [(0,), (2, 0, 3)])
def test_empty(extents: Shape) -> None:
    with pytest.raises(
        ShapeError, match="expected a bottom that is not empty, found 5 x 2 x 0 x 3"
    ):
        check_not_empty(extents, (5, 2, 0, 3))


@pytest.mark.parametrize(
    ("shape", "least", "most"), [((), 0, 0), ((2, 3), 2, 2), ((2, 3), 1, 3), ((1,) * 32, 1, None)]
)
def test_axes(shape: Shape, least: int, most: int | None) -> None:
    check_axes(shape, least, most)


@pytest.mark.parametrize(
    ("shape", "least", "most", "message"),
    [
        ((), 1, None, "expected a bottom of at least 1 axis, found scalar"),
        ((2, 3), 4, 4, "expected a bottom of 4 axes, found 2 x 3"),
        ((2,), 2, 4, "expected a bottom of 2 to 4 axes, found 2"),
        ((1, 2, 3), 0, 2, "expected a bottom of at most 2 axes, found 1 x 2 x 3"),
    ],
)
def test_too_few_or_many_axes(shape: Shape, least: int, most: int | None, message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        check_axes(shape, least, most)
    assert caught.value.message == message


def test_int() -> None:
    param = spec("crop_param { offset: 1 offset: 2147483647 offset: 2147483648 }").param(
        "crop_param"
    )
    check_int(param, "axis")
    with pytest.raises(
        ShapeError, match=r"expected offset below 2\^31, found 2147483648"
    ) as caught:
        check_int(param, "offset")
    assert caught.value.location == ("layer.prototxt", 1, 43)


def test_integer_of_at_least() -> None:
    param = spec("interp_param { zoom_factor: 2 }").param("interp_param")
    assert read_integer(param, "zoom_factor", least=2) == 2
    with pytest.raises(ShapeError, match="expected zoom_factor of at least 3, found 2"):
        read_integer(param, "zoom_factor", least=3)


def test_positive() -> None:
    param = spec("prior_box_param { min_size: 1 min_size: 0 }").param("prior_box_param")
    check_positive(param, "max_size")
    with pytest.raises(ShapeError, match="expected min_size over 0, found 0") as caught:
        check_positive(param, "min_size")
    assert caught.value.location == ("layer.prototxt", 1, 31)


def test_mismatch() -> None:
    error = mismatch("two equal bottoms", (2, 3), ())
    assert error.message == "expected two equal bottoms, found 2 x 3 and scalar"
