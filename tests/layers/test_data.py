from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Any

import pytest

from caffetools.layers.base import Shape
from tests.formats.files import datum, encoded, jpeg, png, write_leveldb, write_lmdb
from tests.layers.cases import check_refused, layer_text, set_up


def data(source: str, transform: str = "", backend: str = "LMDB") -> str:
    lines = f"transform_param {{ {transform} }}\ndata_param {{ "
    options = f'source: "{source}" backend: {backend} batch_size: 10 }}'
    return layer_text("Data", lines + options, "", "y z")


@pytest.mark.parametrize(
    ("record", "transform", "item"),
    [
        (datum(1, 28, 27), "", (1, 28, 27)),
        (datum(3, 256, 256), "crop_size: 227", (3, 227, 227)),
        (datum(1, 28, 28), "crop_size: 28 force_color: true", (1, 28, 28)),  # for images alone
        (datum(1, 28, 28), "force_color: true force_gray: true", (1, 28, 28)),
        (datum(5, 0, 0), "", (5, 0, 0)),
        (encoded(png(30, 20)), "", (3, 20, 30)),
        (encoded(png(30, 20)), "force_gray: true", (1, 20, 30)),
        (encoded(jpeg(30, 20, 1)), "", (1, 20, 30)),
        (encoded(jpeg(30, 20, 1)), "force_color: true crop_size: 20", (3, 20, 20)),
        (encoded(png(30, 20)), "resize_param { height: 9 width: 8 }", (3, 9, 8)),
    ],
)
def test_data(tmp_path: Path, record: bytes, transform: str, item: Shape) -> None:
    write_lmdb(tmp_path / "db", record)
    # What the source says goes before the user's word.
    case = set_up(data("db", transform), folder=str(tmp_path), data_shape=(2, 5, 5))
    assert (case.tops, case.notes) == (((10, *item), (10,)), ())


@pytest.mark.parametrize(
    ("record", "transform", "line", "column", "fragment"),
    [
        (datum(3, 28, 20), "crop_size: 24", 2, 19, "within the item's 28 x 20, found 24"),
        (datum(0, 28, 28), "", 3, 14, "items of at least 1 channel, found 0 x 28 x 28"),
        (datum(-3, 28, 28), "", 3, 14, "items of at least 1 channel, found -3 x 28 x 28"),
        (datum(3, 28, -8), "", 3, 14, "items of at least 1 channel, found 3 x 28 x -8"),
        (encoded(b"GIF89a"), "", 3, 14, "the first record holds no JPEG"),
        (b"\x0f", "", 3, 14, "the first record is not a Datum"),
        (encoded(png(9, 9)), "force_color: true force_gray: true", 2, 37, "found both"),
    ],
)
def test_data_refused(
    tmp_path: Path, record: bytes, transform: str, line: int, column: int, fragment: str
) -> None:
    write_lmdb(tmp_path / "db", record)
    check_refused(data("db", transform), (), line, column, fragment, folder=str(tmp_path))


def test_a_palette_may_be_of_colours_or_of_greys(tmp_path: Path) -> None:
    write_lmdb(tmp_path / "db", encoded(png(30, 20, 7)))
    case = set_up(data("db"), folder=str(tmp_path))
    assert case.tops[0] == (10, 3, 20, 30)
    assert case.notes[0].startswith("3 channels are assumed")
    assert set_up(data("db", "force_gray: true"), folder=str(tmp_path)).tops[0] == (10, 1, 20, 30)


def test_a_leveldb(tmp_path: Path) -> None:
    write_leveldb(tmp_path / "db", datum(1, 28, 27))
    text = data("db", backend="LEVELDB")
    assert set_up(text, folder=str(tmp_path)).tops[0] == (10, 1, 28, 27)


def test_a_leveldb_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plyvel", None)
    (tmp_path / "CURRENT").touch()
    text = data(str(tmp_path), backend="LEVELDB")
    case = set_up(text, data_shape=(1, 8, 8))
    assert case.tops[0] == (10, 1, 8, 8)
    assert case.notes == ("reading the source takes plyvel: pip install 'caffetools[data]'",)


def test_a_database_that_is_not_what_it_should_be(tmp_path: Path) -> None:
    folder = str(tmp_path)
    (tmp_path / "data.mdb").write_bytes(b"cut off")
    check_refused(data(folder), (), 3, 14, "data.mdb ends too early to be a whole LMDB")
    text = data(folder, backend="LEVELDB")
    check_refused(text, (), 3, 14, "the source is of kind LMDB, the backend LEVELDB")
    write_lmdb(tmp_path / "empty")
    check_refused(data("empty"), (), 3, 14, "the source holds no records", folder=folder)


def test_a_database_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: str, _kind: str) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", folder)

    monkeypatch.setattr("caffetools.formats.database.first_record", refuse)
    (tmp_path / "data.mdb").touch()
    check_refused(data(str(tmp_path)), (), 3, 14, "cannot be read: Permission denied")


def test_a_folder_that_is_no_database_is_not_there(tmp_path: Path) -> None:
    case = set_up(data(str(tmp_path)))
    assert case.tops[0] is None
    assert case.notes[0].startswith("nothing tells the shape of 'y'")


def test_a_source_is_not_opened_where_the_user_says_all(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"cut off")
    case = set_up(data(str(tmp_path)), input_shapes={"y": (1, 2), "z": (1,)})
    assert (case.tops, case.notes) == (((1, 2), (1,)), ())


def test_how_many_tops_data_has() -> None:
    check_refused(layer_text("Data", "", "", "a b c"), (), 1, 50, "1 to 2 tops, found 3")
    check_refused(layer_text("Data", "", "a"), ((1,),), 1, 32, "no bottom")


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
            ("shuffle: the size is that of the list's first image, Caffe takes any",),
        ),
        ('source: "lost"', "crop_size: 8", (3, 8, 8), ("the image 'elsewhere' is not there",)),
        ('source: "none" is_color: false', "crop_size: 8", (1, 8, 8), ()),
        (
            'source: "texts"',
            "crop_size: 8",
            (3, 8, 8),
            ("'text' is no JPEG, PNG, BMP or PNM image",),
        ),
        (
            'source: "later"',
            "",
            (3, 20, 30),
            ("the image 'elsewhere' is not there: Caffe stops there; the size is 'a cat.png''s",),
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
        ('source: "list"', "crop_size: 21", 2, 19, "within the item's 20 x 30, found 21"),
        ("new_height: 9 new_width: 9", "crop_size: 10", 2, 19, "within the item's 9 x 9"),
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
    check_refused(text, (), 2, 20, "expected a batch_size of at least 1, found 0")
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
