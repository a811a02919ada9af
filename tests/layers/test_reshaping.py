from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.layers.blobs import Shape, count
from caffetools.layers.window import Window
from tests.layers.cases import (
    bottoms_of,
    check_explained,
    check_refused,
    layer_text,
    set_up,
    windows_of,
)


def reshape(shape: str, rest: str = "") -> str:
    dims = "".join(f" dim: {dim}" for dim in shape.split())
    return layer_text("Reshape", f"reshape_param {{ shape {{{dims} }} {rest} }}")


@pytest.mark.parametrize(
    ("shape", "rest", "bottom", "top"),
    [
        ("6 20", "", (2, 3, 4, 5), (6, 20)),
        ("0 -1", "", (2, 3, 4, 5), (2, 3 * 4 * 5)),
        ("-1", "", (2, 3, 4, 5), (2 * 3 * 4 * 5,)),
        ("0 0 -1", "", (2, 3, 4, 5), (2, 3, 4 * 5)),
        ("-1 0 0", "", (2, 3, 4), (2, 3, 4)),
        # The axes from `axis` on alone.
        ("-1", "axis: 1", (2, 3, 4, 5), (2, 3 * 4 * 5)),
        ("0 -1", "axis: 1", (2, 3, 4, 5), (2, 3, 4 * 5)),
        ("20", "axis: -3", (2, 3, 4, 5), (2, 3, 4 * 5)),
        ("4 1 5", "axis: 2 num_axes: 2", (2, 3, 4, 5), (2, 3, 4, 1, 5)),
        ("-1", "axis: 1 num_axes: 2", (2, 3, 4, 5), (2, 3 * 4, 5)),
        ("2 -1", "axis: 2 num_axes: 1", (2, 3, 4, 5), (2, 3, 2, 4 // 2, 5)),
        # No axis replaced: extents of 1 put in.
        ("1", "num_axes: 0", (2, 3), (1, 2, 3)),
        ("1 1", "axis: -1 num_axes: 0", (2, 3), (2, 3, 1, 1)),
        ("-1", "axis: 1 num_axes: 0", (2, 3), (2, 1, 3)),
        # A 0 keeps the extent at its place, of an axis that is not replaced as well.
        ("0", "axis: 1 num_axes: 0", (2, 1, 3), (2, 1, 1, 3)),
        ("", "", (1, 1), ()),
        ("1 1", "", (), (1, 1)),
        ("-1", "", (), (1,)),
    ],
)
def test_reshape(shape: str, rest: str, bottom: Shape, top: Shape) -> None:
    text = reshape(shape, rest)
    case = set_up(text, bottom)
    assert (case.tops, case.params, case.macs, case.notes) == ((top,), {}, 0, ())
    check_explained(text, bottom)


def test_reshape_explained() -> None:
    assert check_explained(reshape("0 8 -1"), (2, 3, 4, 6)) == [
        "elements: 2 * 3 * 4 * 6 = 144",
        "axis 2: 144 / 2 / 8 = 9",
    ]
    assert check_explained(reshape("0 -1 1 1"), (2, 3)) == [
        "elements: 2 * 3 = 6",
        "channels: 6 / 2 / 1 / 1 = 3",
    ]
    assert check_explained(reshape("-1"), (4, 6)) == ["elements: 4 * 6 = 24", "axis 0: 24 = 24"]
    assert check_explained(reshape("6 4"), (4, 6)) == ["elements: 4 * 6 = 24"]


@pytest.mark.parametrize(
    ("shape", "rest", "bottom", "column", "fragment"),
    [
        ("7 -1", "", (2, 3), 17, "2 x 3 are not divisible by the 7 of the given extents"),
        ("5", "", (2, 3), 17, "the 6 elements of 2 x 3 do not match the 5 of 5"),
        ("", "", (2, 3), 17, "the 6 elements of 2 x 3 do not match the 1 of scalar"),
        ("-1 -1", "", (2, 3), 33, "expected one -1, found 2"),
        ("2 -2", "", (2, 3), 32, "expected -1, 0 or a dim below 2^31, found -2"),
        ("2147483648", "", (2, 3), 25, "found 2147483648"),
        ("2 3 0", "", (2, 3), 39, "a dim of 0 copies an extent, but 2 x 3 has no axis 2"),
        ("-1", "axis: 3", (2, 3), 35, "axis 3 is out of range for 2 x 3"),
        ("-1", "axis: -4", (2, 3), 35, "axis -4 is out of range"),
        ("-1", "num_axes: 3", (2, 3), 35, "expected num_axes of 0 to 2, or -1 for all, found 3"),
        ("-1", "axis: 1 num_axes: 2", (2, 3), 43, "expected num_axes of 0 to 1"),
        ("-1", "num_axes: -2", (2, 3), 35, "found -2"),
    ],
)
def test_reshape_refused(shape: str, rest: str, bottom: Shape, column: int, fragment: str) -> None:
    check_refused(reshape(shape, rest), (bottom,), 2, column, fragment)


def test_reshape_of_nothing_refused() -> None:
    check_refused(reshape("0 -1"), ((0, 3),), 1, 1, "expected a bottom that is not empty")


def test_reshape_without_options_is_for_one_element() -> None:
    assert set_up(layer_text("Reshape"), (1, 1)).tops == ((),)
    check_refused(layer_text("Reshape"), ((2,),), 1, 1, "do not match the 1 of scalar")


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6).map(tuple), st.data())
def test_reshape_there_and_back(bottom: Shape, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(bottom) - 1))
    kept = data.draw(st.lists(st.booleans(), min_size=len(bottom), max_size=len(bottom)))
    dims = [0 if keep else extent for keep, extent in zip(kept, bottom, strict=True)]
    dims[at] = -1
    assert set_up(reshape(" ".join(map(str, dims))), bottom).tops == (bottom,)
    (flat,) = set_up(reshape("-1"), bottom).tops
    assert flat == (count(bottom),)
    assert set_up(reshape(" ".join(map(str, bottom))), flat).tops == (bottom,)


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        ("", (2, 3, 4, 5), (2, 3 * 4 * 5)),
        ("axis: 2", (2, 3, 4, 5), (2, 3, 4 * 5)),
        ("axis: 1 end_axis: 2", (2, 3, 4, 5), (2, 3 * 4, 5)),
        ("axis: 0 end_axis: -3", (2, 3, 4, 5), (2 * 3, 4, 5)),
        ("axis: -1", (2, 3), (2, 3)),
        ("axis: 0", (7,), (7,)),
        ("", (2, 0, 4), (2, 0 * 4)),
    ],
)
def test_flatten(options: str, bottom: Shape, top: Shape) -> None:
    text = layer_text("Flatten", f"flatten_param {{ {options} }}")
    case = set_up(text, bottom)
    assert (case.tops, case.params, case.macs, case.notes) == ((top,), {}, 0, ())
    check_explained(text, bottom)


def test_flatten_nothing_puts_an_axis_in() -> None:
    case = set_up(layer_text("Flatten", "flatten_param { axis: 2 end_axis: 1 }"), (2, 3, 4))
    assert case.tops == ((2, 3, 1, 4),)
    assert case.notes == (
        "end_axis is just before axis: nothing is flattened, an axis of extent 1 is inserted",
    )


def test_flatten_explained() -> None:
    assert check_explained(layer_text("Flatten"), (8, 256, 6, 6)) == ["axis 1: 256 * 6 * 6 = 9216"]


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("", (2,), 1, 1, "axis 1 is out of range for a blob of shape 2"),
        ("flatten_param { axis: 3 end_axis: 1 }", (2, 3, 4, 5), 2, 17, "axis 3 exceeds end_axis 1"),
        ("flatten_param { end_axis: 2 }", (2, 3), 2, 17, "axis 2 is out of range"),
        ("flatten_param { axis: -3 }", (2, 3), 2, 17, "axis -3 is out of range"),
    ],
)
def test_flatten_refused(
    options: str, bottom: Shape, line: int, column: int, fragment: str
) -> None:
    check_refused(layer_text("Flatten", options), (bottom,), line, column, fragment)


@pytest.mark.parametrize("type_name", ["Reshape", "Flatten"])
def test_not_in_place(type_name: str) -> None:
    text = layer_text(type_name, tops="a")
    check_refused(text, ((1, 1),), 1, text.index("top:") + 1, "cannot compute in place")


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        ("tiles: 2", (2, 3, 4, 5), (2, 3 * 2, 4, 5)),
        ("tiles: 1 axis: 0", (7,), (7,)),
        ("tiles: 3 axis: -1", (2, 3), (2, 3 * 3)),
        ("tiles: 3 axis: 2", (2, 3, 0), (2, 3, 0 * 3)),
    ],
)
def test_tile(options: str, bottom: Shape, top: Shape) -> None:
    text = layer_text("Tile", f"tile_param {{ {options} }}")
    case = set_up(text, bottom)
    assert (case.tops, case.params, case.macs) == ((top,), {}, 0)
    check_explained(text, bottom)


def test_tile_explained() -> None:
    text = layer_text("Tile", "tile_param { tiles: 4 }")
    assert check_explained(text, (2, 3, 5, 5)) == ["channels: 3 * 4 = 12"]


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("", (2, 3), 1, 1, "expected tiles of at least 1, found 0"),
        ("tile_param { tiles: 0 }", (2, 3), 2, 14, "found 0"),
        ("tile_param { tiles: -1 }", (2, 3), 2, 14, "found -1"),
        ("tile_param { tiles: 2 axis: 2 }", (2, 3), 2, 23, "axis 2 is out of range"),
        ("tile_param { tiles: 2147483647 }", (2, 3), 1, 1, "more than 2^31 - 1 elements"),
    ],
)
def test_tile_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(layer_text("Tile", options), (bottom,), line, column, fragment)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (reshape("0 -1 2 4 5"), None),
        (reshape("0 0 4 5"), []),
        (reshape("-1 1 4 5"), []),
        (reshape("0 0 5 4"), None),
        (layer_text("Flatten"), None),
        (layer_text("Flatten", "flatten_param { axis: 0 end_axis: 0 }"), []),
        (layer_text("Tile", "tile_param { tiles: 2 }"), []),
        (layer_text("Tile", "tile_param { tiles: 2 axis: 3 }"), None),
    ],
)
def test_receptive_field_of_an_image_that_keeps_its_axes(
    text: str, seen: list[Window] | None
) -> None:
    assert windows_of(set_up(text, (2, 6, 4, 5))) == seen


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        ("", (2, 3, 4, 5), ()),
        ("axis: 1", (2, 3, 4, 5), (2,)),
        ("axis: -1", (2, 3, 4, 5), (2, 3, 4)),
        ("axis: -4 operation: MEAN", (2, 3, 4, 5), ()),
        ("operation: ASUM", (7,), ()),
        ("axis: 1 operation: SUMSQ", (0, 3), (0,)),
        ("axis: 1 operation: SUM", (0, 3), (0,)),
        ("axis: 1 operation: ASUM", (2, 0), (2,)),
    ],
)
def test_reduction(options: str, bottom: Shape, top: Shape) -> None:
    text = layer_text("Reduction", f"reduction_param {{ {options} }}")
    case = set_up(text, bottom)
    assert (case.tops, case.params, case.macs) == ((top,), {}, 0)
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms_of(case)) is None
    check_explained(text, bottom)


def test_reduction_explained() -> None:
    text = layer_text("Reduction", "reduction_param { axis: 2 }")
    assert check_explained(text, (2, 3, 4, 5)) == ["sums: 2 * 3 = 6", "terms of each: 4 * 5 = 20"]


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("axis: 2", (2, 3), 2, 19, "axis 2 is out of range for a blob of shape 2 x 3"),
        ("", (), 2, 1, "axis 0 is out of range for a blob of shape scalar"),
        ("axis: 1", (2, 0), 1, 1, "expected a bottom that is not empty, found 2 x 0"),
        ("operation: MEAN", (2, 0), 1, 1, "expected a bottom that is not empty"),
    ],
)
def test_reduction_refused(
    options: str, bottom: Shape, line: int, column: int, fragment: str
) -> None:
    text = layer_text("Reduction", f"reduction_param {{ {options} }}")
    check_refused(text, (bottom,), line, column, fragment)
