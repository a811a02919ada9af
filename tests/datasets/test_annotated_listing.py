from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffetools.datasets.annotated_listing import AnnotatedListing, listed_annotations
from caffetools.datasets.convert import Conversion, convert
from caffetools.errors import CaffeToolsError
from caffetools.formats.annotated_datum import AnnotatedDatum, Box, read_annotated_datum
from caffetools.formats.database import open_database
from caffetools.formats.datum import DatumFields
from caffetools.formats.label_map import read_label_map
from tests.caffe_results import members

cv2 = pytest.importorskip("cv2")
pytest.importorskip("lmdb")

CONVERTED = [name for name in members("ssd_data", "convert/") if name.endswith(".json")]
PIXELS = np.full((10, 20, 3), 50, np.uint8)


def conversion_of(flags: list[str]) -> Conversion:
    names = {"resize_width": "width", "resize_height": "height"}
    given: dict[str, Any] = {}
    for flag in flags:
        name, _, value = flag.removeprefix("--").partition("=")
        number = int(value) if value.isdigit() else value or True
        given[names.get(name, name)] = number
    return Conversion(**given)


@pytest.mark.parametrize("name", CONVERTED)
@pytest.mark.parametrize("backend", ["LMDB", "LEVELDB"])
def test_a_database_is_that_of_the_fork(
    caffe: Path, tmp_path: Path, name: str, backend: str
) -> None:
    """Records and boxes are equal; bytes of a JPEG may depend on the release of its library."""
    if backend == "LEVELDB":
        pytest.importorskip("plyvel")
    folder = caffe / "ssd_data"
    golden = json.loads((folder / "convert" / name).read_text())
    labels = read_label_map(str(folder / "src" / "labelmap.prototxt"))
    path = str(folder / "src" / f"{golden['list']}.txt")
    listing = listed_annotations(str(folder / "src"), path, "voc", labels)
    output = str(tmp_path / "db")
    assert convert(listing, output, backend, conversion_of(golden["flags"]), print) == 6
    records = open_database(output, backend)
    for index, expected in enumerate(golden["records"]):
        item = read_annotated_datum(records.read(index))
        datum = DatumFields(item.datum, "the record")
        assert records.key(index).decode() == expected["key"]
        sizes = tuple(expected[each] for each in ("channels", "height", "width"))
        assert (datum.shape, datum.encoded, datum.label) == (sizes, expected["encoded"], -1)
        if not datum.data.startswith(b"\xff\xd8") or "encode_type=jpg" in str(golden["flags"]):
            assert hashlib.sha256(datum.data).hexdigest() == expected["sha256"]
        assert item.boxes == tuple(
            Box(group["label"], *(box[each] for each in Box._fields[1:]))
            for group in expected["groups"]
            for box in group["boxes"]
        )


def images(folder: Path, *names: str) -> None:
    for name in names:
        cv2.imwrite(str(folder / name), PIXELS)


def converted(listing: AnnotatedListing, **options: Any) -> list[AnnotatedDatum]:
    notes: list[str] = []
    records = listing.records(Conversion(**options), notes.append)
    return [read_annotated_datum(value) for _, value in records]


def listing_of(folder: Path, *names: str) -> AnnotatedListing:
    images(folder, *names)
    return AnnotatedListing(str(folder), tuple((name, "gone.xml") for name in names), "voc", {})


def data(item: AnnotatedDatum) -> DatumFields:
    return DatumFields(item.datum, "the record")


def test_a_grey_database_may_hold_colour(tmp_path: Path) -> None:
    """With a type that the file has, its bytes are kept, and said to be of one channel."""
    listing = listing_of(tmp_path, "a.png")
    (kept,) = converted(listing, gray=True, encode_type="png")
    assert data(kept).shape == (1, 10, 20)
    assert data(kept).data == (tmp_path / "a.png").read_bytes()
    (encoded,) = converted(listing, gray=True, encoded=True)
    assert data(encoded).data != (tmp_path / "a.png").read_bytes()


@pytest.mark.parametrize(
    ("bounds", "size"),
    [
        ({"min_dim": 15}, (15, 30)),
        ({"min_dim": 5}, (10, 20)),
        ({"max_dim": 10}, (5, 10)),
        ({"min_dim": 15, "max_dim": 24}, (12, 24)),  # 20 / 10 * 15 = 30 is too long
    ],
)
def test_bounds_of_the_sides(tmp_path: Path, bounds: dict[str, int], size: tuple[int, int]) -> None:
    (item,) = converted(listing_of(tmp_path, "a.png"), **bounds)
    assert data(item).shape == (3, *size)


def test_damaged_images_are_left_out(tmp_path: Path) -> None:
    listing = listing_of(tmp_path, "a.png", "b.png")
    (tmp_path / "a.png").write_bytes(b"no image")
    notes: list[str] = []
    records = list(listing.records(Conversion(), notes.append))
    assert [key for key, _ in records] == [b"00000001_b.png"]
    assert notes[0].startswith(f"{tmp_path}/a.png: the image cannot be decoded")
    with pytest.raises(CaffeToolsError, match="the image cannot be decoded"):
        list(listing.records(Conversion(strict=True), notes.append))


def test_classes_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("dog", "cat"):
        text = f"<annotation><object><name>{name}</name></object></annotation>"
        (tmp_path / f"{name}.xml").write_text(text)
    (tmp_path / "list.txt").write_text("1.jpg dog.xml\n2.jpg cat.xml\n3.jpg gone.xml\n")
    listing = listed_annotations(str(tmp_path), str(tmp_path / "list.txt"), "voc", None)
    assert listing.labels == {"cat": 1, "dog": 2}
    assert listing.images[1] == ("2.jpg", "cat.xml")
    assert sorted(listing.shuffled(1).images) == sorted(listing.images)
    assert listing.shuffled(1) == listing.shuffled(1)
    assert len({listing.shuffled(seed).images for seed in range(20)}) == 6


INSTANCES = {
    "images": [{"id": 5, "file_name": "a.png", "height": 10, "width": 20}],
    "annotations": [{"image_id": 5, "category_id": 90, "bbox": [5, 5, 5, 5], "iscrowd": 0}],
    "categories": [{"id": 90, "name": "brush"}, {"id": 1, "name": "person"}],
}


def test_cocos_instances(tmp_path: Path) -> None:
    images(tmp_path, "a.png")
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(INSTANCES))
    listing = listed_annotations(str(tmp_path), str(path), "coco", None)
    assert (listing.labels, listing.shown) == ({"1": 1, "90": 2}, ("person", "brush"))
    (item,) = converted(listing)
    assert item.boxes == (Box(2, 0, 0.25, 0.5, 0.5, 1),)
    mapped = listed_annotations(str(tmp_path), str(path), "coco", {"90": 80})
    assert converted(mapped)[0].boxes[0].label == 80


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("list.txt", "", "expected lines of an image and its annotations"),
        ("instances.json", "{}", "expected COCO's instances: KeyError"),
        ("instances.json", "", "expected COCO's instances"),
    ],
)
def test_mistakes(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(CaffeToolsError, match=message):
        listed_annotations(str(tmp_path), str(tmp_path / name), "coco", None)
