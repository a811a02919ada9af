from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.layers.blobs import Shape
from caffetools.layers.window import Window
from tests.layers.cases import check_explained, check_refused, layer_text, set_up, windows_of


def crop(options: str) -> str:
    return layer_text("Crop", f"crop_param {{ {options} }}", "a b")


@pytest.mark.parametrize(
    ("options", "bottom", "size", "top"),
    [
        ("", (1, 21, 568, 568), (1, 3, 500, 500), (1, 21, 500, 500)),
        ("axis: 2 offset: 34", (1, 21, 568, 568), (1, 3, 500, 500), (1, 21, 500, 500)),
        ("axis: 2 offset: 1 offset: 2", (1, 2, 5, 6), (9, 9, 4, 4), (1, 2, 4, 4)),
        ("axis: 1 offset: 1", (2, 5, 4, 4), (9, 4, 3, 2), (2, 4, 3, 2)),
        ("axis: 0", (2, 3), (1, 3), (1, 3)),
        ("axis: -1 offset: 2", (2, 3, 7), (9, 9, 5), (2, 3, 5)),
        ("axis: 1", (2, 3), (9, 0, 9), (2, 0)),
        ("axis: 1 offset: 3", (2, 3), (2, 0), (2, 0)),
        ("axis: 2", (2, 3, 4), (2, 3, 4, 5), (2, 3, 4)),
    ],
)
def test_crop(options: str, bottom: Shape, size: Shape, top: Shape) -> None:
    case = set_up(crop(options), bottom, size)
    assert (case.tops, case.params, case.macs) == ((top,), {}, 0)
    check_explained(crop(options), bottom, size)


def test_crop_explained() -> None:
    text = crop("offset: 18 offset: 20")
    assert check_explained(text, (1, 21, 568, 568), (1, 3, 500, 480)) == [
        "height: 518 - 18 = 500",
        "width: 500 - 20 = 480",
    ]


def test_crop_moves_the_receptive_field() -> None:
    case = set_up(crop("axis: 1 offset: 0 offset: 18 offset: 20"), (1, 3, 40, 40), (1, 3, 9, 9))
    assert windows_of(case) == [Window(1, 1, -18), Window(1, 1, -20)]
    case = set_up(crop("axis: 3 offset: 2"), (1, 3, 40, 40), (1, 3, 9, 9))
    assert windows_of(case) == [Window(1), Window(1, 1, -2)]
    assert case.layer.layer is not None
    assert case.layer.layer.data_bottoms == 1


@pytest.mark.parametrize(
    ("options", "bottom", "size", "line", "column", "fragment"),
    [
        ("", (1, 3, 4, 4), (1, 3, 5, 4), 1, 1, "offset 0 + 5 exceeds extent 4 of axis 2"),
        ("offset: 3", (1, 3, 4, 4), (1, 3, 1, 2), 1, 1, "offset 3 + 2 exceeds extent 4 of axis 3"),
        ("", (1, 3, 4, 4), (1, 3, 4), 1, 1, "expected a second bottom of 4 axes, as the first"),
        (
            "offset: 1 offset: 1 offset: 1",
            (1, 3, 4, 4),
            (1, 3, 2, 2),
            2,
            34,
            "expected offset once or once for each of 2 axes, found 3",
        ),
        ("axis: 4", (1, 3, 4, 4), (1, 3, 4, 4), 2, 14, "axis 4 is out of range"),
        ("", (1, 3), (1, 3), 2, 1, "axis 2 is out of range for a blob of shape 1 x 3"),
        ("offset: 2147483648", (1, 3, 4), (1, 3, 4), 2, 14, "expected offset below 2^31"),
    ],
)
def test_crop_refused(
    options: str, bottom: Shape, size: Shape, line: int, column: int, fragment: str
) -> None:
    check_refused(crop(options), (bottom, size), line, column, fragment)


@given(st.data(), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_crop_takes_what_fits(data: st.DataObject, bottom: list[int]) -> None:
    axis = data.draw(st.integers(0, len(bottom) - 1))
    offsets = [data.draw(st.integers(0, extent)) for extent in bottom[axis:]]
    room = [extent - offset for extent, offset in zip(bottom[axis:], offsets, strict=True)]
    given_offsets = "".join(f" offset: {offset}" for offset in offsets)
    text = crop(f"axis: {axis}{given_offsets}")
    size = (*bottom[:axis], *room)
    assert set_up(text, tuple(bottom), size).tops == (size,)
    too_large = (*size[:-1], size[-1] + 1)
    check_refused(text, (tuple(bottom), too_large), 1, 1, f"of axis {len(bottom) - 1}")


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        ("", (10, 1000), (10, 1, 1)),
        ("", (10, 1000, 1, 1), (10, 1, 1, 1)),
        ("top_k: 5", (10, 3, 4, 5), (10, 1, 5, 1)),
        ("top_k: 5 out_max_val: true", (10, 3, 4, 5), (10, 2, 5, 1)),
        ("out_max_val: true", (10, 3, 4, 5, 6), (10, 2, 1, 1, 1)),
        ("", (7,), (7, 1, 1)),
        ("axis: 1", (10, 21, 32, 32), (10, 1, 32, 32)),
        ("axis: -1 top_k: 2", (10, 21, 32), (10, 21, 2)),
        ("axis: 1 top_k: 3 out_max_val: true", (2, 3), (2, 3)),
        ("", (0, 5), (0, 1, 1)),
    ],
)
def test_argmax(options: str, bottom: Shape, top: Shape) -> None:
    text = layer_text("ArgMax", f"argmax_param {{ {options} }}")
    case = set_up(text, bottom)
    assert (case.tops, case.params, case.macs) == ((top,), {}, 0)
    check_explained(text, bottom)


def test_argmax_explained() -> None:
    of_items = layer_text("ArgMax", "argmax_param { top_k: 5 }")
    assert check_explained(of_items, (10, 3, 4, 5)) == [
        "candidates: 3 * 4 * 5 = 60",
        "height: 5 = 5",
    ]
    along = layer_text("ArgMax", "argmax_param { axis: 1 top_k: 2 }")
    assert check_explained(along, (10, 21, 8, 8)) == ["candidates: 21 = 21", "channels: 2 = 2"]


@pytest.mark.parametrize(
    ("options", "seen"), [("", None), ("axis: 1", []), ("axis: 2", None), ("axis: -3", [])]
)
def test_argmax_sees(options: str, seen: list[Window] | None) -> None:
    case = set_up(layer_text("ArgMax", f"argmax_param {{ {options} }}"), (10, 21, 8, 8))
    assert windows_of(case) == seen


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("top_k: 0", (2, 3), 2, 16, "expected top_k of at least 1, found 0"),
        ("top_k: 13", (2, 3, 4), 2, 16, "expected a top_k of at most 12, found 13"),
        ("top_k: 2147483647", (2, 3, 4), 2, 16, "expected a top_k of at most 12"),
        ("axis: 1 top_k: 4", (2, 3, 4), 2, 24, "expected a top_k of at most 3, found 4"),
        ("axis: 2", (2, 3), 2, 16, "axis 2 is out of range"),
        ("", (2, 0), 2, 1, "expected a top_k of at most 0, found 1"),
        ("", (), 1, 1, "expected a bottom of at least 1 axis, found scalar"),
    ],
)
def test_argmax_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    text = layer_text("ArgMax", f"argmax_param {{ {options} }}")
    check_refused(text, (bottom,), line, column, fragment)


@pytest.mark.parametrize(
    ("items", "indices", "top"),
    [((5, 3, 4), (2,), (2, 3, 4)), ((5,), (9,), (9,)), ((5, 3), (0,), (0, 3)), ((), (4,), (4,))],
)
def test_batch_reindex(items: Shape, indices: Shape, top: Shape) -> None:
    text = layer_text("BatchReindex", bottoms="a b")
    case = set_up(text, items, indices)
    assert (case.tops, case.params, case.macs) == ((top,), {}, 0)
    check_explained(text, items, indices)


@pytest.mark.parametrize("indices", [(), (2, 1)])
def test_batch_reindex_refused(indices: Shape) -> None:
    text = layer_text("BatchReindex", bottoms="a b")
    check_refused(text, ((5, 3), indices), 1, 1, "expected indices of 1 axis, found")


def test_filter_starts_with_all_items() -> None:
    case = set_up(layer_text("Filter", "", "a b s", "x y"), (5, 3, 2), (5,), (5, 1, 1))
    assert case.tops == ((5, 3, 2), (5,))
    assert case.notes == (
        "the number of items depends on the data; Caffe sets up the tops for all",
    )


@pytest.mark.parametrize(
    ("shapes", "fragment"),
    [
        (((5, 3), (5, 2)), "expected a selector with one number per item, found 5 x 2"),
        (((5, 3), (4,)), "expected 4 items, as the selector has, found 5 x 3"),
        (((), (4,)), "expected 4 items, as the selector has, found scalar"),
        (((5, 3), ()), "expected a bottom of at least 1 axis, found scalar"),
        (((0, 3), (0,)), "expected a bottom that is not empty, found 0"),
    ],
)
def test_filter_refuses_bottoms(shapes: tuple[Shape, ...], fragment: str) -> None:
    check_refused(layer_text("Filter", "", "a s"), shapes, 1, 1, fragment)


def test_filter_has_a_top_for_each_bottom_but_the_last() -> None:
    text = layer_text("Filter", "", "a b s", "y")
    column = text.index("top:") + 1
    fragment = "expected a top for each bottom but the last, found 3 bottoms and 1 tops"
    check_refused(text, ((5,), (5,), (5,)), 1, column, fragment)


def test_auto_crop() -> None:
    text = layer_text("AutoCrop", "", "a b")
    assert set_up(text, (2, 1, 90, 80), (2, 3, 64, 48)).tops == ((2, 1, 64, 48),)
