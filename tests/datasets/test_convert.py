from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PIL")
pytest.importorskip("lmdb")

from caffetools.datasets.convert import Conversion, Listing, convert, found, listed
from caffetools.errors import CaffeToolsError
from caffetools.formats.database import open_database
from caffetools.formats.datum import Datum, read_datum
from caffetools.torch.training.data.image_list import ListedImage
from tests.datasets.images import folder_of


def converted(folder: Path, backend: str = "LMDB", **options: Any) -> list[Datum]:
    output = str(folder / "db")
    notes: list[str] = []
    listing = found(str(folder / "images"))
    count = convert(listing, output, backend, Conversion(**options), notes.append)
    records = open_database(output, backend)
    assert (count, notes) == (len(records), [])
    return [read_datum(records.read(index), None) for index in range(count)]


@pytest.mark.parametrize("backend", ["LMDB", "LEVELDB"])
def test_a_database_of_images(tmp_path: Path, backend: str) -> None:
    if backend == "LEVELDB":
        pytest.importorskip("plyvel")
    folder_of(tmp_path)
    items = converted(tmp_path, backend)
    assert [item.label for item in items] == [0, 0, 1, 1]
    assert [item.values.shape for item in items] == [(3, 4, 6)] * 4
    assert [int(item.values[0, 0, 0]) for item in items] == [10, 20, 30, 40]


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"gray": True}, (1, 4, 6)),
        ({"height": 2, "width": 5}, (3, 2, 5)),
        ({"encoded": True}, (3, 4, 6)),
        ({"encoded": True, "height": 2, "width": 5}, (3, 2, 5)),
        ({"encode_type": "jpg", "gray": True, "height": 2, "width": 5}, (1, 2, 5)),
        ({"check_size": True}, (3, 4, 6)),
    ],
)
def test_what_is_made_of_each(
    tmp_path: Path, options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    folder_of(tmp_path)
    items = converted(tmp_path, **options)
    assert {item.values.shape for item in items} == {shape}
    levels = [float(item.values.astype(float).mean()) for item in items]
    assert levels == pytest.approx([10, 20, 30, 40], abs=1)


def test_a_file_that_will_do_is_kept_as_it_is(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ("PNG", "JPEG"))
    converted(tmp_path, encode_type="png")
    records = open_database(str(tmp_path / "db"), "LMDB")
    assert (folder / "cat" / "0.png").read_bytes() in records.read(0)
    assert (folder / "cat" / "1.jpeg").read_bytes() not in records.read(1)


def test_damaged_images_are_left_out(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "cat" / "1.png").write_bytes(b"no image")
    notes: list[str] = []
    listing = found(str(folder))
    output = str(tmp_path / "db")
    assert convert(listing, output, "LMDB", Conversion(), notes.append) == 3
    assert len(notes) == 1
    assert notes[0].startswith(f"{folder}/cat/1.png: the image cannot be decoded")
    assert notes[0].endswith("; left out")


@pytest.mark.parametrize(
    ("spoil", "options", "message"),
    [
        ("no image", {"strict": True}, r"1\.png: the image cannot be decoded"),
        ("gone", {"strict": True}, r"1\.png: no such file"),
        ("smaller", {"check_size": True}, r"1\.png: expected \(4, 6, 3\) as the first image"),
        ("fine", {"encode_type": "xyz"}, "no image could be read"),
    ],
)
def test_what_leaves_nothing(
    tmp_path: Path, spoil: str, options: dict[str, Any], message: str
) -> None:
    from tests.torch.training.data.images import COLOURS, encoded

    folder = folder_of(tmp_path)
    listing = found(str(folder))
    path = folder / "cat" / "1.png"
    if spoil == "gone":
        path.unlink()
    elif spoil != "fine":
        path.write_bytes(b"x" if spoil == "no image" else encoded(COLOURS))
    with pytest.raises(CaffeToolsError, match=message):
        convert(listing, str(tmp_path / "db"), "LMDB", Conversion(**options), lambda _: None)
    assert [entry.name for entry in tmp_path.iterdir()] == ["images"]


def test_outputs_that_will_not_do(tmp_path: Path) -> None:
    listing = found(str(folder_of(tmp_path)))
    for output, message in (
        (tmp_path, "this is there already"),
        (tmp_path / "gone" / "db", "cannot be written: No such file"),
    ):
        with pytest.raises(CaffeToolsError, match=message):
            convert(listing, str(output), "LMDB", Conversion(), lambda _: None)


def test_folders_are_classes(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "cat" / "notes.txt").write_text("no image")
    (folder / "list.txt").write_text("no folder")
    listing = found(str(folder))
    assert listing.classes == ("cat", "dog")
    assert listing.images == (
        ("cat/0.png", 0),
        ("cat/1.png", 0),
        ("dog/2.png", 1),
        ("dog/3.png", 1),
    )


def test_a_list(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("cat/0.png 7\na b.png 2\n")
    listing = listed("root", str(tmp_path / "list.txt"))
    assert listing == Listing("root", (ListedImage("cat/0.png", 7), ListedImage("a b.png", 2)))


def test_shuffled() -> None:
    listing = Listing("", tuple(ListedImage(str(number), number) for number in range(20)), ("a",))
    mixed = listing.shuffled(3)
    assert mixed == listing.shuffled(3)
    assert mixed != listing.shuffled(4)
    assert sorted(mixed.images, key=lambda line: int(line.image)) == list(listing.images)
    assert mixed.classes == ("a",)


def test_no_images(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CaffeToolsError, match="expected a folder of images for each class"):
        found(str(tmp_path))
    with pytest.raises(CaffeToolsError, match="gone: cannot be read: No such file"):
        found(str(tmp_path / "gone"))
