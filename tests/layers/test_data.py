from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Any

import pytest

from caffetools.layers.blobs import Shape
from tests.formats.files import (
    datum,
    encoded,
    jpeg,
    number,
    payload,
    png,
    write_leveldb,
    write_lmdb,
)
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
        (datum(3, 28, 20), "crop_size: 24", 2, 19, "24 exceeds the item's 28 x 20"),
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
    assert case.notes == ("reading the source requires plyvel: pip install 'caffetools[data]'",)


def test_a_database_that_is_not_what_it_should_be(tmp_path: Path) -> None:
    folder = str(tmp_path)
    (tmp_path / "data.mdb").write_bytes(b"cut off")
    check_refused(data(folder), (), 3, 14, "data.mdb ends too early to be a whole LMDB")
    text = data(folder, backend="LEVELDB")
    check_refused(text, (), 3, 14, "expected a source of the backend LEVELDB, found LMDB")
    write_lmdb(tmp_path / "empty")
    check_refused(data("empty"), (), 3, 14, "the source has no records", folder=folder)


def test_a_database_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: str, _kind: str) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", folder)

    monkeypatch.setattr("caffetools.formats.database.first_record", refuse)
    (tmp_path / "data.mdb").touch()
    check_refused(data(str(tmp_path)), (), 3, 14, "cannot be read: Permission denied")


def test_a_folder_that_is_no_database_is_not_there(tmp_path: Path) -> None:
    case = set_up(data(str(tmp_path)))
    assert case.tops[0] is None
    assert case.notes[0].startswith("the shape of 'y' is unknown")


def test_a_source_is_not_opened_where_the_user_says_all(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"cut off")
    case = set_up(data(str(tmp_path)), input_shapes={"y": (1, 2), "z": (1,)})
    assert (case.tops, case.notes) == (((1, 2), (1,)), ())


def test_how_many_tops_data_has() -> None:
    check_refused(layer_text("Data", "", "", "a b c"), (), 1, 50, "1 to 2 tops, found 3")
    check_refused(layer_text("Data", "", "a"), ((1,),), 1, 32, "no bottom")


RESIZE = "resize_param { prob: 1 resize_mode: WARP height: 300 width: 320 }"


def annotated(transform: str, options: str = "", tops: str = "data label", batch: int = 8) -> str:
    lines = f"transform_param {{ {transform} }}\nannotated_data_param {{ {options} }}\n"
    lines += f'data_param {{ source: "db" batch_size: {batch} backend: LMDB }}'
    return layer_text("AnnotatedData", lines, "", tops)


def record(boxes: int, kind: bytes = number(2, 0)) -> bytes:
    return payload(1, datum(3, 50, 60)) + kind + payload(3, payload(2, b"") * boxes)


def test_without_a_source() -> None:
    case = set_up(annotated(f"{RESIZE} mean_value: 104 mean_value: 117 mean_value: 123"))
    assert case.tops == ((8, 3, 300, 320), (1, 1, 1, 8))
    assert case.notes == ("'label' has a row for each box of a batch",)


def test_nothing_tells_the_size() -> None:
    case = set_up(annotated(""))
    assert case.tops == (None, (1, 1, 1, 8))
    assert "the shape of 'data' is unknown" in case.notes[0]
    assert set_up(annotated(""), data_shape=(3, 30, 40)).tops[0] == (8, 3, 30, 40)


def test_without_boxes() -> None:
    assert set_up(annotated(f"{RESIZE} force_gray: true", tops="data")).tops == ((8, 1, 300, 320),)


@pytest.mark.parametrize(
    ("boxes", "kind", "options", "label"),
    [
        (4, number(2, 0), "", (1, 1, 4, 8)),
        (0, number(2, 0), "", (1, 1, 1, 8)),
        (4, b"", "anno_type: BBOX", (1, 1, 4, 8)),
        (0, b"", "", (8, 1, 1, 1)),
        (4, number(2, 0), "yolo_data_type: 1", (8, 1, 300, 5)),
    ],
)
def test_the_first_record_tells(
    tmp_path: Path, boxes: int, kind: bytes, options: str, label: Shape
) -> None:
    write_lmdb(tmp_path / "db", record(boxes, kind))
    case = set_up(annotated("", options), folder=str(tmp_path))
    assert case.tops == ((8, 3, 50, 60), label)


def test_further_tops_remain_empty(tmp_path: Path) -> None:
    write_lmdb(tmp_path / "db", record(2))
    case = set_up(annotated("", tops="data label more yet"), folder=str(tmp_path))
    assert case.tops == ((8, 3, 50, 60), (1, 1, 2, 8), (0,), (0,))


def test_the_users_word_goes_first() -> None:
    shapes = {"data": (2, 3, 4, 5), "label": (1, 1, 6, 8)}
    case = set_up(annotated(""), input_shapes=shapes)
    assert case.tops == ((2, 3, 4, 5), (1, 1, 6, 8))
    assert case.notes == ()


def test_items_that_fit_the_smaller_side() -> None:
    fit = "resize_param { resize_mode: FIT_SMALL_SIZE height: 60 width: 50 }"
    case = set_up(annotated(fit, batch=1), data_shape=(3, 30, 40))
    assert case.tops[0] == (1, 3, 60, 60 * 40 // 30)
    check_refused(
        annotated(fit), (), 2, 34, "expected a batch_size of 1 for FIT_SMALL_SIZE, found 8"
    )


def test_a_record_that_is_none(tmp_path: Path) -> None:
    write_lmdb(tmp_path / "db", b"\x0f")
    fragment = "the first record is not an AnnotatedDatum"
    check_refused(annotated(""), (), 4, 14, fragment, folder=str(tmp_path))


def compact(transform: str, tops: str = "data label") -> str:
    lines = f"transform_param {{ {transform} }}\ndata_param {{ batch_size: 64 backend: LMDB }}"
    return layer_text("CompactData", lines, "", tops)


@pytest.mark.parametrize(
    ("tops", "count"), [("data", 1), ("data label", 2), ("data label boxes", 3)]
)
def test_compact_data(tops: str, count: int) -> None:
    case = set_up(compact('crop_size: 224 mean_file: "mean"', tops))
    assert case.tops == ((64, 3, 224, 224), (64, 1, 1, 1), (64, 6, 1, 1))[:count]
    assert case.notes == ()


def pose(options: str, field: str = "cpm_transform_param", tops: str = "data label") -> str:
    lines = f"{field} {{ {options} }}\ndata_param {{ batch_size: 10 backend: LMDB }}"
    return layer_text("CPMData", lines, "", tops)


def test_images_masks_and_maps() -> None:
    case = set_up(pose("stride: 8 crop_size_x: 368 crop_size_y: 376 num_parts: 56"))
    assert case.tops == ((10, 6, 376, 368), (10, 2 * (56 + 1), 376 // 8, 368 // 8))
    assert case.notes == ()


def test_the_options_of_the_first_forks() -> None:
    case = set_up(pose("stride: 8 crop_size_x: 368 crop_size_y: 368", "transform_param"))
    assert case.tops == ((10, 4, 368, 368), (10, 2 * (14 + 1), 46, 46))


def test_defaults() -> None:
    assert set_up(pose("", tops="data")).tops == ((10, 6, 368, 368),)


def test_a_test_net_takes_items_as_they_are() -> None:
    text = pose("stride: 8 num_parts: 18")
    case = set_up(text, phase="TEST")
    assert case.tops == (None, None)
    assert "the shape of 'data' is unknown" in case.notes[0]
    case = set_up(text, phase="TEST", data_shape=(6, 80, 90))
    assert case.tops == ((10, 6, 80, 90), (10, 2 * (18 + 1), 80 // 8, 90 // 8))


@pytest.mark.parametrize("value", ["0", "-8", "8.5", "many", '"8"', "{ }"])
def test_refused(value: str) -> None:
    fragment = "expected stride to be an integer of at least 1"
    check_refused(pose(f"num_parts: 9 stride: {value}"), (), 2, 36, fragment)


TEXT = layer_text("HDF5Data", 'hdf5_data_param { source: "list" batch_size: 4 }', "", "data label")


@pytest.fixture
def folder(tmp_path: Path) -> dict[str, Any]:
    """A folder with a list of one HDF5 file, as the option of that name."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file.create_dataset("data", (10, 3, 8, 9), "f4")
        file.create_dataset("label", (10, 1), "i4")
        file.create_dataset("others", (11,), "f8")
    (tmp_path / "list").write_text("rows.h5\n")
    return {"folder": str(tmp_path)}


def test_rows_of_datasets(folder: dict[str, Any]) -> None:
    case = set_up(TEXT, data_shape=(1, 2, 2), **folder)
    assert (case.tops, case.notes) == (((4, 3, 8, 9), (4, 1)), ())
    assert set_up(TEXT, batch_size=7, **folder).tops == ((7, 3, 8, 9), (7, 1))
    shapes = {"data": (5, 6)}
    assert set_up(TEXT, input_shapes=shapes, **folder).tops == ((5, 6), (5, 1))


def test_refused_hdf5_data(folder: dict[str, Any]) -> None:
    text = TEXT.replace('"label"', '"others"')
    check_refused(text, (), 2, 19, "same number of rows, found 10 x 3 x 8 x 9 and 11", **folder)
    text = TEXT.replace('"label"', '"none"')
    check_refused(text, (), 2, 19, "no dataset 'none'", **folder)
    text = TEXT.replace("hdf5_data_param {", "transform_param { } hdf5_data_param {")
    check_refused(text, (), 2, 1, "HDF5Data does not support transform_param", **folder)
    text = TEXT.replace("batch_size: 4", "batch_size: 2147483648")
    check_refused(text, (), 2, 34, "expected batch_size below 2^31", **folder)
    path = Path(folder["folder"])
    (path / "rows.h5").write_text("not HDF5")
    check_refused(TEXT, (), 2, 19, "cannot be read as HDF5", **folder)
    (path / "list").write_text(" \n")
    check_refused(TEXT, (), 2, 19, "list' is empty", **folder)


DATA = "the shape of 'data' is unknown; pass --data-shape C,H,W or --input-shape data=N,C,H,W"


LABEL = "the shape of 'label' is unknown; pass --input-shape label=N,C,H,W"


def test_without_the_file(tmp_path: Path) -> None:
    case = set_up(TEXT)
    assert (case.tops, case.notes) == ((None, None), (DATA, LABEL))
    case = set_up(TEXT, data_shape=(3, 8))
    assert (case.tops, case.notes) == (((4, 3, 8), None), (LABEL,))
    case = set_up(TEXT, data_shape=(3, 8), input_shapes={"label": (4, 2)})
    assert (case.tops, case.notes) == (((4, 3, 8), (4, 2)), ())
    case = set_up(TEXT, input_shapes={"data": (9, 1), "label": (9,)})
    assert (case.tops, case.notes) == (((9, 1), (9,)), ())
    (tmp_path / "list").write_text("elsewhere.h5")
    case = set_up(TEXT, folder=str(tmp_path))
    assert case.notes[0] == "the source lists 'elsewhere.h5', which does not exist"


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "list").write_text("list")
    case = set_up(TEXT, data_shape=(3, 8), folder=str(tmp_path))
    assert case.tops == ((4, 3, 8), None)
    assert case.notes == ("reading the source requires h5py: pip install 'caffetools[data]'", LABEL)


@pytest.mark.parametrize(
    ("text", "line", "column", "fragment"),
    [
        (compact('mean_file: "mean"'), 2, 1, "expected a crop_size of at least 1"),
        (compact("crop_size: 9"), 2, 1, "expected a mean_file in transform_param, found none"),
    ],
)
def test_compact_data_refused(text: str, line: int, column: int, fragment: str) -> None:
    check_refused(text, (), line, column, fragment)
