from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caffetools.layers.blobs import Shape
from tests.formats.files import png
from tests.layers.cases import check_refused, layer_text, set_up


def image_data(options: str, transform: str = "", tops: str = "y z") -> str:
    lines = f"transform_param {{ {transform} }}\nimage_data_param {{ batch_size: 4 {options} }}"
    return layer_text("ImageData", lines, "", tops)


@pytest.fixture
def images(tmp_path: Path) -> str:
    """A folder with lists of a PNG of 30 x 20, of what is no image, and of what is not there."""
    (tmp_path / "a cat.png").write_bytes(png(30, 20))
    (tmp_path / "text").write_text("no image")
    (tmp_path / "list").write_text("a cat.png 0\nelsewhere 1\n")
    (tmp_path / "texts").write_text("text 0\n")
    (tmp_path / "later").write_text("elsewhere 1\ntext 3\na cat.png 0\n")
    (tmp_path / "lost").write_text("elsewhere 0\n")
    (tmp_path / "empty").touch()
    return str(tmp_path)


@pytest.mark.parametrize(
    ("options", "transform", "item", "notes"),
    [
        ('source: "list"', "", (3, 20, 30), ()),
        ('source: "list" is_color: false', "", (1, 20, 30), ()),
        ('source: "list"', "crop_size: 20", (3, 20, 20), ()),
        ('source: "list" new_height: 40 new_width: 50', "", (3, 40, 50), ()),
        ('source: "list" new_height: 40 new_width: 50', "crop_size: 40", (3, 40, 40), ()),
        ('source: "list" shuffle: true', "crop_size: 8", (3, 8, 8), ()),
        (
            'source: "list" shuffle: true',
            "",
            (3, 20, 30),
            ("shuffle: the size is that of the first image, Caffe's of a random one",),
        ),
        ('source: "lost"', "crop_size: 8", (3, 8, 8), ("the image 'elsewhere' does not exist",)),
        ('source: "none" is_color: false', "crop_size: 8", (1, 8, 8), ()),
        (
            'source: "texts"',
            "crop_size: 8",
            (3, 8, 8),
            ("expected a JPEG, PNG, BMP or PNM image, found 'text'",),
        ),
        (
            'source: "later"',
            "",
            (3, 20, 30),
            (
                (
                    "the image 'elsewhere' does not exist: Caffe aborts there; "
                    "the size is that of 'a cat.png'"
                ),
            ),
        ),
    ],
)
def test_image_data(
    images: str, options: str, transform: str, item: Shape, notes: tuple[str, ...]
) -> None:
    case = set_up(image_data(options, transform), folder=images)
    assert (case.tops, case.notes) == (((4, *item), (4,)), notes)


def test_the_folder_of_images(images: str) -> None:
    (Path(images) / "list").write_text("cat.png 0\n")
    text = image_data('source: "list" root_folder: "a "')
    assert set_up(text, folder=images).tops[0] == (4, 3, 20, 30)


def test_image_data_that_nothing_describes() -> None:
    case = set_up(image_data(""))
    assert (case.tops, len(case.notes)) == ((None, (4,)), 1)
    assert set_up(image_data(""), data_shape=(1, 8, 9)).tops[0] == (4, 3, 8, 9)  # is_color says 3


@pytest.mark.parametrize(
    ("options", "transform", "line", "column", "fragment"),
    [
        ("new_height: 40", "", 3, 34, "new_height and new_width, found one of them"),
        ("new_width: 40", "", 3, 34, "new_height and new_width, found one of them"),
        ("new_width: 4294967295 new_height: 1", "", 3, 34, "expected new_width below 2^31"),
        ('source: "list"', "crop_size: 21", 2, 19, "21 exceeds the item's 20 x 30"),
        ("new_height: 9 new_width: 9", "crop_size: 10", 2, 19, "exceeds the item's 9 x 9"),
        ('source: "empty"', "", 3, 34, "empty' is empty"),
    ],
)
def test_image_data_refused(
    images: str, options: str, transform: str, line: int, column: int, fragment: str
) -> None:
    text = image_data(options, transform)
    check_refused(text, (), line, column, fragment, folder=images)


def test_image_data_has_items_and_labels() -> None:
    text = layer_text("ImageData", "image_data_param { batch_size: 0 }", "", "y z")
    check_refused(text, (), 2, 20, "expected batch_size of at least 1, found 0")
    check_refused(image_data("", tops="y"), (), 1, 37, "expects 2 tops, found 1")
    text = layer_text("ImageData", "image_data_param { new_height: 8 new_width: 9 }", "", "y z")
    assert set_up(text).tops == ((1, 3, 8, 9), (1,))  # the default is 1


def window_data(options: str = "", transform: str = "crop_size: 7") -> str:
    lines = f"transform_param {{ {transform} }}\nwindow_data_param {{ batch_size: 8 {options} }}"
    return layer_text("WindowData", lines, "", "y z")


def test_window_data(tmp_path: Path) -> None:
    (tmp_path / "windows").write_text("# 0\na.jpg\n1\n375\n500\n0\n")
    (tmp_path / "text").write_text("a.jpg 0\n")
    options: dict[str, Any] = {"folder": str(tmp_path)}
    case = set_up(window_data('source: "windows" scale: 2'), **options)
    assert (case.tops, case.notes) == (((8, 1, 7, 7), (8,)), ())
    case = set_up(window_data("mirror: true"))
    assert case.tops == ((8, 3, 7, 7), (8,))
    assert len(case.notes) == 2
    check_refused(window_data('source: "text"'), (), 3, 35, "does not begin with '#'", **options)
    fragment = "expected a crop_size of at least 1 in transform_param, found 0"
    check_refused(window_data("crop_size: 7", ""), (), 2, 1, fragment)


def dense(options: str, transform: str = "") -> str:
    lines = (
        f"dense_image_data_param {{ batch_size: 4 {options} }}\ntransform_param {{ {transform} }}"
    )
    return layer_text("DenseImageData", lines, "", "data label")


def seg(options: str, transform: str = "", tops: str = "data label dim") -> str:
    lines = f"image_data_param {{ batch_size: 2 {options} }}\ntransform_param {{ {transform} }}"
    return layer_text("ImageSegData", lines, "", tops)


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
        ("crop_height: 100 crop_width: 90 label_divide_factor: 8", "", 3, (100, 90), (100, 90)),
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
    assert "the shape of 'data' is unknown" in case.notes[0]
    assert set_up(dense(""), data_shape=(3, 30, 40)).tops == ((4, 3, 30, 40), (4, 1, 30, 40))


@pytest.mark.parametrize(
    ("text", "line", "column", "fragment"),
    [
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
        (seg("", 'mean_file: "mean"'), 3, 19, "ImageSegData does not support mean_file"),
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


SIZE = "new_height: 128 new_width: 171"


def video(options: str, transform: str = "", data: str = "", tops: str = "data label") -> str:
    lines = f"video_data_param {{ {options} }}\ntransform_param {{ {transform} }}"
    lines += f"\ndata_param {{ {data} }}" if data else ""
    return layer_text("VideoData", lines, "", tops)


@pytest.mark.parametrize(
    ("options", "channels"),
    [
        ("modality: RGB num_segments: 3 new_length: 1", 3 * 1 * 3),
        ("modality: FLOW num_segments: 3 new_length: 5", 2 * 5 * 3),
        ("num_segments: 1 new_length: 10", 2 * 10),  # flow is the default
        ("modality: RGB grayscale: true new_length: 4", 1 * 4),
        ("modality: RGB length_first: true new_length: 16", 3 * 16),
    ],
)
def test_frames_as_channels(options: str, channels: int) -> None:
    case = set_up(video(f"batch_size: 32 {options}", "crop_size: 224"))
    assert case.tops == ((32, channels, 224, 224), (32, 1, 1, 1))
    assert case.notes == ()


@pytest.mark.parametrize(
    ("options", "transform", "size", "label"),
    [
        (f"use_image: true {SIZE}", "crop_size: 112 mean_value: 128", (112, 112), (30,)),
        (SIZE, "", (128, 171), (30,)),
        (f"{SIZE} use_multiple_label: true num_of_labels: 5", "", (128, 171), (30, 5)),
    ],
)
def test_frames_as_an_axis(options: str, transform: str, size: Shape, label: Shape) -> None:
    case = set_up(video(f"batch_size: 30 new_length: 8 {options}", transform))
    assert case.tops == ((30, 3, 8, *size), label)
    assert case.notes == ()


def test_one_frame_after_the_other() -> None:
    transform = "resize_param { resize_mode: WARP height: 300 width: 200 }"
    text = video("video_type: WEBCAM device_id: 0", transform, "batch_size: 1", "data")
    assert set_up(text).tops == ((1, 3, 300, 200),)


@pytest.mark.parametrize("options", ["batch_size: 8 new_length: 16", "device_id: 0"])
def test_nothing_tells_the_size_video_data(options: str) -> None:
    case = set_up(video(options))
    assert case.tops[0] is None
    assert "the shape of 'data' is unknown" in case.notes[0]


def test_the_users_word() -> None:
    text = video("batch_size: 8 new_length: 16 sampling_rate: 2")
    assert set_up(text, data_shape=(3, 30, 40)).tops[0] == (8, 3, 16, 30, 40)
    shapes = {"data": (8, 3, 16, 112, 112), "label": (8,)}
    assert set_up(text, input_shapes=shapes).tops == ((8, 3, 16, 112, 112), (8,))


@pytest.mark.parametrize(
    ("options", "column", "fragment"),
    [
        ("batch_size: 8 new_height: 128", 34, "expected new_height and new_width, found one"),
        ("batch_size: 2147483648", 20, "expected batch_size below 2^31"),
    ],
)
def test_refused_video_data(options: str, column: int, fragment: str) -> None:
    check_refused(video(options), (), 2, column, fragment)
