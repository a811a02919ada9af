from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.layers.blobs import Shape
from caffetools.layers.window import Window
from tests.layers.cases import check_explained, check_refused, layer_text, set_up


def test_hdf5_output() -> None:
    text = layer_text("HDF5Output", 'hdf5_output_param { file_name: "out.h5" }', "a b", "")
    case = set_up(text, (4, 3), (5,))
    assert (case.tops, case.params, case.macs) == ((), {}, 0)
    check_refused(layer_text("HDF5Output", "", "a b"), ((1,), (1,)), 1, 62, "no top")


def concat(options: str, bottoms: int) -> str:
    return layer_text("Concat", f"concat_param {{ {options} }}", " ".join("abcd"[:bottoms]))


def cut(options: str, tops: int) -> str:
    return layer_text("Slice", f"slice_param {{ {options} }}", tops=" ".join("vwxyz"[:tops]))


@pytest.mark.parametrize(
    ("options", "bottoms", "top"),
    [
        ("", [(2, 64, 7, 7), (2, 128, 7, 7), (2, 32, 7, 7)], (2, 64 + 128 + 32, 7, 7)),
        ("axis: 0", [(2, 3), (5, 3)], (2 + 5, 3)),
        ("axis: -1", [(2, 3, 4), (2, 3, 1)], (2, 3, 4 + 1)),
        ("concat_dim: 0", [(2, 3), (1, 3)], (2 + 1, 3)),
        ("concat_dim: 2", [(2, 3, 4), (2, 3, 4)], (2, 3, 4 + 4)),
        ("", [(2, 3)], (2, 3)),
        ("", [(2, 0), (2, 3)], (2, 0 + 3)),
        ("", [(0, 1), (0, 3)], (0, 1 + 3)),
    ],
)
def test_concat(options: str, bottoms: list[Shape], top: Shape) -> None:
    text = concat(options, len(bottoms))
    case = set_up(text, *bottoms)
    assert (case.tops, case.params, case.macs) == ((top,), {}, 0)
    check_explained(text, *bottoms)


def test_concat_explained() -> None:
    bottoms = ((2, 64, 7, 7), (2, 128, 7, 7), (2, 32, 7, 7))
    assert check_explained(concat("", 3), *bottoms) == ["channels: 64 + 128 + 32 = 224"]


@pytest.mark.parametrize(
    ("options", "bottoms", "line", "column", "fragment"),
    [
        (
            "",
            [(2, 3, 4), (2, 3, 5)],
            1,
            1,
            "expected bottoms of one shape but for axis 1, found 2 x 3 x 4 and 2 x 3 x 5",
        ),
        ("", [(2, 3), (2, 3, 1)], 1, 1, "but for axis 1, found 2 x 3 and 2 x 3 x 1"),
        ("", [(2,), (2,)], 2, 1, "axis 1 is out of range"),
        ("axis: 2", [(2, 3), (2, 3)], 2, 16, "axis 2 is out of range"),
        ("concat_dim: 2", [(2, 3), (2, 3)], 2, 16, "axis 2 is out of range"),
        ("concat_dim: 4294967295", [(2, 3), (2, 3)], 2, 16, "is out of range"),
        (
            "axis: 1 concat_dim: 1",
            [(2, 3), (2, 3)],
            2,
            24,
            "expected either axis or concat_dim, found both",
        ),
        ("", [(2, 0)], 1, 1, "expected a bottom that is not empty, found 2 x 0"),
        ("", [(2, 2**29), (2, 2**29)], 1, 1, "more than 2^31 - 1 elements"),
    ],
)
def test_concat_refused(
    options: str, bottoms: list[Shape], line: int, column: int, fragment: str
) -> None:
    check_refused(concat(options, len(bottoms)), tuple(bottoms), line, column, fragment)


@pytest.mark.parametrize(
    ("options", "bottom", "tops"),
    [
        ("slice_point: 1", (2, 3, 4, 5), [(2, 1, 4, 5), (2, 3 - 1, 4, 5)]),
        ("slice_point: 1 slice_point: 4", (2, 6), [(2, 1), (2, 4 - 1), (2, 6 - 4)]),
        ("axis: -1 slice_point: 2", (3, 5), [(3, 2), (3, 5 - 2)]),
        ("slice_dim: 0 slice_point: 2", (3, 5), [(2, 5), (3 - 2, 5)]),
        ("", (2, 6, 4), [(2, 6 // 3, 4)] * 3),
        ("axis: 0", (4,), [(4 // 2,)] * 2),
        ("", (2, 3), [(2, 3)]),
        ("", (2, 0), [(2, 0)] * 2),
    ],
)
def test_slice(options: str, bottom: Shape, tops: list[Shape]) -> None:
    text = cut(options, len(tops))
    case = set_up(text, bottom)
    assert (case.tops, case.params, case.macs, case.notes) == (tuple(tops), {}, 0, ())
    check_explained(text, bottom)


def test_slice_with_nothing_behind_the_last_point() -> None:
    case = set_up(cut("slice_point: 3", 2), (2, 3))
    assert case.tops == ((2, 3), (2, 0))
    assert case.notes == ("the last top is empty",)


def test_slice_explained() -> None:
    assert check_explained(cut("slice_point: 1 slice_point: 4", 3), (2, 6, 5, 5)) == [
        "channels of top 0: 1 - 0 = 1",
        "channels of top 1: 4 - 1 = 3",
        "channels of top 2: 6 - 4 = 2",
    ]
    assert check_explained(cut("axis: 0", 2), (6, 5)) == ["axis 0: 6 / 2 = 3"]


@pytest.mark.parametrize(
    ("options", "tops", "bottom", "line", "column", "fragment"),
    [
        ("", 2, (2, 3), 1, 1, "the extent 3 of axis 1 does not divide into 2 tops"),
        (
            "slice_point: 1",
            3,
            (2, 3),
            2,
            15,
            "expected one slice_point less than tops, found 1 and 3",
        ),
        (
            "slice_point: 1",
            1,
            (2, 3),
            2,
            15,
            "expected one slice_point less than tops, found 1 and 1",
        ),
        ("slice_point: 0", 2, (2, 3), 2, 15, "a slice_point above 0 and of at most 3, found 0"),
        ("slice_point: 2 slice_point: 2", 3, (2, 3), 2, 30, "above 2 and of at most 3, found 2"),
        ("slice_point: 4", 2, (2, 3), 2, 15, "of at most 3, found 4"),
        ("slice_point: 4294967295", 2, (2, 3), 2, 15, "of at most 3, found 4294967295"),
        ("slice_point: 1", 2, (2, 1), 1, 1, "2 tops exceed the extent 1 of axis 1"),
        ("axis: 1 slice_dim: 1", 1, (2, 3), 2, 23, "expected either axis or slice_dim, found both"),
        ("slice_dim: 2", 1, (2, 3), 2, 15, "axis 2 is out of range"),
        ("axis: -3", 1, (2, 3), 2, 15, "axis -3 is out of range"),
        ("", 1, (2, 0), 1, 1, "expected a bottom that is not empty"),
    ],
)
def test_slice_refused(
    options: str, tops: int, bottom: Shape, line: int, column: int, fragment: str
) -> None:
    check_refused(cut(options, tops), (bottom,), line, column, fragment)


def test_slice_in_place() -> None:
    assert set_up(layer_text("Slice", tops="a"), (2, 3)).tops == ((2, 3),)
    text = layer_text("Slice", tops="a y")
    check_refused(text, ((2, 4),), 1, text.index("top:") + 1, "cannot compute in place")


@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(0, 3))
def test_concat_undoes_slice(parts: list[int], axis: int) -> None:
    bottom = [2, 3, 4, 5]
    bottom[axis] = sum(parts)
    points = "".join(f" slice_point: {sum(parts[:end])}" for end in range(1, len(parts)))
    pieces = set_up(cut(f"axis: {axis}{points}", len(parts)), tuple(bottom)).tops
    assert [piece[axis] for piece in pieces if piece] == parts
    text = layer_text("Concat", f"concat_param {{ axis: {axis} }}", " ".join("abcde"[: len(parts)]))
    assert set_up(text, *(piece for piece in pieces if piece)).tops == (tuple(bottom),)


@pytest.mark.parametrize("shape", [(), (0,), (2, 3, 4, 5)])
@pytest.mark.parametrize("tops", ["y", "x y z"])
def test_split(shape: Shape, tops: str) -> None:
    case = set_up(layer_text("Split", tops=tops), shape)
    assert case.tops == (shape,) * len(tops.split())


def test_split_is_not_in_place() -> None:
    text = layer_text("Split", tops="a y")
    check_refused(text, ((2,),), 1, text.index("top:") + 1, "Split cannot compute in place")


@pytest.mark.parametrize("shapes", [[()], [(2, 3), (0,), (5,)]])
def test_silence(shapes: list[Shape]) -> None:
    text = layer_text("Silence", "", " ".join("abc"[: len(shapes)]), "")
    assert set_up(text, *shapes).tops == ()


def test_silence_has_no_top() -> None:
    text = layer_text("Silence")
    check_refused(text, ((2,),), 1, text.index("top:") + 1, "expects no tops, found 1")


@pytest.mark.parametrize(("axis", "seen"), [(1, []), (-3, []), (2, None), (-1, None)])
def test_along_a_spatial_axis_no_field_is_told(axis: int, seen: list[Window] | None) -> None:
    for text, bottoms in (
        (layer_text("Concat", f"concat_param {{ axis: {axis} }}", "a b"), ((1, 4, 6, 6),) * 2),
        (layer_text("Slice", f"slice_param {{ axis: {axis} }}", "a", "b c"), ((1, 4, 6, 6),)),
    ):
        layer = set_up(text, *bottoms).layer.layer
        assert layer is not None
        assert layer.windows(bottoms) == seen
