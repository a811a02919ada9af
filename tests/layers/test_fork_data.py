from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import check_refused, layer_text, set_up


def compact(transform: str, tops: str = "data label") -> str:
    lines = f"transform_param {{ {transform} }}\ndata_param {{ batch_size: 64 backend: LMDB }}"
    return layer_text("CompactData", lines, "", tops)


def dense(options: str, transform: str = "") -> str:
    lines = (
        f"dense_image_data_param {{ batch_size: 4 {options} }}\ntransform_param {{ {transform} }}"
    )
    return layer_text("DenseImageData", lines, "", "data label")


def seg(options: str, transform: str = "", tops: str = "data label dim") -> str:
    lines = f"image_data_param {{ batch_size: 2 {options} }}\ntransform_param {{ {transform} }}"
    return layer_text("ImageSegData", lines, "", tops)


@pytest.mark.parametrize(
    ("tops", "count"), [("data", 1), ("data label", 2), ("data label boxes", 3)]
)
def test_compact_data(tops: str, count: int) -> None:
    case = set_up(compact('crop_size: 224 mean_file: "mean"', tops))
    assert case.tops == ((64, 3, 224, 224), (64, 1, 1, 1), (64, 6, 1, 1))[:count]
    assert case.notes == ()


@pytest.mark.parametrize(
    ("options", "transform", "channels", "data", "label"),
    [
        ("new_height: 360 new_width: 480", "", 3, (360, 480), (360, 480)),
        ("crop_height: 100 crop_width: 90 is_color: false", "", 1, (100, 90), (100, 90)),
        ("new_height: 360 new_width: 480", "crop_size: 200", 3, (200, 200), (200, 200)),
        (
            "new_height: 360 new_width: 480 label_divide_factor: 8",
            "",
            3,
            (360, 480),
            (360 // 8, 480 // 8),
        ),
        (
            "crop_height: 100 crop_width: 90 label_divide_factor: 8",
            "",
            3,
            (100, 90),
            (100, 90),
        ),
    ],
)
def test_dense_image_data(
    options: str, transform: str, channels: int, data: Shape, label: Shape
) -> None:
    case = set_up(dense(options, transform))
    assert case.tops == ((4, channels, *data), (4, 1, *label))
    assert case.notes == ()


@pytest.mark.parametrize(
    ("options", "transform", "size"),
    [
        ("", "crop_size: 513", (513, 513)),
        ("label_type: NONE", "crop_height: 473 crop_width: 713", (473, 713)),
        ("new_height: 60 new_width: 70", "", (60, 70)),
    ],
)
def test_image_seg_data(options: str, transform: str, size: Shape) -> None:
    case = set_up(seg(options, transform))
    assert case.tops == ((2, 3, *size), (2, 1, *size), (2, 1, 1, 2))
    assert case.notes == ()


def test_image_seg_data_makes_the_tops_that_are_not_named() -> None:
    case = set_up(seg("", "crop_size: 9", "data label"))
    assert case.tops == ((2, 3, 9, 9), (2, 1, 9, 9), (2, 1, 1, 2))


def test_nothing_tells_the_size() -> None:
    case = set_up(seg(""))
    assert case.tops == (None, None, (2, 1, 1, 2))
    assert "nothing tells the shape of 'data'" in case.notes[0]
    assert set_up(dense(""), data_shape=(3, 30, 40)).tops == ((4, 3, 30, 40), (4, 1, 30, 40))


@pytest.mark.parametrize(
    ("text", "line", "column", "fragment"),
    [
        (compact('mean_file: "mean"'), 2, 1, "expected a crop_size of at least 1"),
        (compact("crop_size: 9"), 2, 1, "expected a mean_file in transform_param, found none"),
        (dense("new_height: 8"), 2, 40, "expected new_height and new_width, found one of them"),
        (dense("crop_width: 8"), 2, 40, "expected crop_height and crop_width, found one of them"),
        (
            dense("label_divide_factor: 0.5"),
            2,
            40,
            "expected a label_divide_factor from 1 to 2^31 - 1, found 0.5",
        ),
        (dense("label_divide_factor: nan"), 2, 40, "from 1 to 2^31 - 1, found nan"),
        (dense("label_divide_factor: inf"), 2, 40, "from 1 to 2^31 - 1, found inf"),
        (seg("new_width: 8"), 2, 34, "expected new_height and new_width, found one of them"),
        (seg("", 'mean_file: "mean"'), 3, 19, "an ImageSegData layer takes no mean_file"),
        (seg("", "crop_height: 8"), 3, 19, "expected crop_height and crop_width, found one"),
        (
            seg("", "crop_size: 8 crop_height: 8 crop_width: 8"),
            3,
            19,
            "expected crop_size, or crop_height and crop_width, found both",
        ),
    ],
)
def test_refused(text: str, line: int, column: int, fragment: str) -> None:
    check_refused(text, (), line, column, fragment)
