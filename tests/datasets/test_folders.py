from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("PIL")

from caffetools.datasets.folders import Listing, found, listed
from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.image_list import Line
from tests.datasets.images import folder_of


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
    assert listing == Listing("root", (Line("cat/0.png", 7), Line("a b.png", 2)))


def test_shuffled() -> None:
    listing = Listing("", tuple(Line(str(number), number) for number in range(20)), ("a",))
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
