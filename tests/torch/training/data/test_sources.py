from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.datum import raw_datum
from caffetools.torch.training.data.sources import (
    ArraySource,
    Database,
    ImageList,
    Place,
    read_list,
)
from caffetools.torch.training.data.transform import Transform
from tests.torch.training.data.test_databases import MAKERS

PLACE = Place(0, train=True)
TOPS = ("data", "label")


def images(folder: Path, count: int) -> str:
    """A list of images of 2 x 3 pixels, each of the grey level of its label."""
    pytest.importorskip("PIL")
    from tests.torch.training.data.images import encoded

    lines = []
    for label in range(count):
        (folder / f"an image {label}.png").write_bytes(encoded(np.full((2, 3, 3), label)))
        lines.append(f"an image {label}.png {label}\n")
    path = folder / "list.txt"
    path.write_text("".join(lines))
    return str(path)


@pytest.mark.parametrize("backend", MAKERS)
def test_a_database_in_the_order_of_its_keys(tmp_path: Path, backend: str) -> None:
    records = [raw_datum(np.full((2, 3, 1), label, np.uint8), label) for label in range(3)]
    source = Database(TOPS, MAKERS[backend](tmp_path / "db", records), backend, 2)
    items = source.open(PLACE)
    found = [items.read(number, 0) for number in range(7)]
    assert [int(label) for _, label in found] == [0, 1, 2, 0, 1, 2, 0]
    assert found[1][0].shape == (1, 2, 3)
    assert found[1][0].tolist() == np.ones((1, 2, 3)).tolist()


def test_a_database_without_labels(tmp_path: Path) -> None:
    records = [raw_datum(np.zeros((2, 3, 1), np.uint8), 1)]
    source = Database(("data",), MAKERS["LMDB"](tmp_path / "db", records), "LMDB", 2)
    assert len(source.open(PLACE).read(0, 0)) == 1


def test_rand_skip_begins_elsewhere(tmp_path: Path) -> None:
    records = [raw_datum(np.zeros((1, 1, 1), np.uint8), label) for label in range(9)]
    path = MAKERS["LMDB"](tmp_path / "db", records)
    starts = set()
    for seed in range(20):
        items = Database(TOPS, path, "LMDB", 2, rand_skip=3).open(Place(seed, train=True))
        first, second = (int(items.read(number, 0)[1]) for number in range(2))
        assert second == first + 1
        starts.add(first)
    assert starts == {0, 1, 2}


def test_images_in_the_order_of_the_list(tmp_path: Path) -> None:
    source = ImageList(TOPS, images(tmp_path, 3), 2, root_folder=f"{tmp_path}/")
    items = source.open(PLACE)
    found = [items.read(number, 0) for number in range(4)]
    assert [int(label) for _, label in found] == [0, 1, 2, 0]
    assert found[2][0].shape == (3, 2, 3)
    assert (found[2][0] == 2).all()


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"is_color": False}, (1, 2, 3)),
        ({"new_height": 4, "new_width": 5}, (3, 4, 5)),
        ({"new_height": 4, "new_width": 5, "transform": Transform(crop_size=2)}, (3, 2, 2)),
    ],
)
def test_what_is_made_of_an_image(
    tmp_path: Path, options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    source = ImageList(TOPS, images(tmp_path, 2), 2, root_folder=f"{tmp_path}/", **options)
    values, label = source.open(PLACE).read(1, 0)
    assert values.shape == shape
    assert (values == label).all()


def test_shuffled_images(tmp_path: Path) -> None:
    source = ImageList(TOPS, images(tmp_path, 9), 2, root_folder=f"{tmp_path}/", shuffle=True)
    items = source.open(PLACE)
    found = [int(items.read(number, 0)[1]) for number in range(18)]
    assert sorted(found[:9]) == sorted(found[9:]) == list(range(9))
    assert found[:9] != found[9:]


def test_files_are_sought_beside_the_prototxt(tmp_path: Path) -> None:
    images(tmp_path, 1)
    items = ImageList(TOPS, "list.txt", 2).open(Place(0, train=True, folder=str(tmp_path)))
    assert int(items.read(0, 0)[1]) == 0


def test_a_damaged_image_is_named(tmp_path: Path) -> None:
    source = ImageList(TOPS, images(tmp_path, 1), 2, root_folder=f"{tmp_path}/")
    path = tmp_path / "an image 0.png"
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(CaffeToolsError, match=r"an image 0\.png: the image cannot be decoded"):
        source.open(PLACE).read(0, 0)
    path.unlink()
    with pytest.raises(CaffeToolsError, match=r"an image 0\.png: cannot be read: No such file"):
        source.open(PLACE).read(0, 0)


def test_arrays() -> None:
    data, labels = np.arange(6).reshape(3, 2), np.arange(3)
    items = ArraySource(TOPS, 2, (data, labels)).open(PLACE)
    assert [items.read(number, 0)[0].tolist() for number in (0, 2, 4)] == [[0, 1], [4, 5], [2, 3]]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((), "expected an array for each of 'data', 'label': fed from Python"),
        ((np.zeros(3), np.zeros(2)), "expected arrays of as many items each"),
        ((np.zeros(0), np.zeros(0)), "and at least one"),
    ],
)
def test_arrays_that_will_not_do(arrays: tuple[np.ndarray, ...], message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message):
        ArraySource(TOPS, 2, arrays).open(PLACE)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a.jpg 3", ("a.jpg", 3)),
        ("a folder/b.jpg 12", ("a folder/b.jpg", 12)),
        ("a.jpg -1", ("a.jpg", -1)),
        ("a.jpg 7x", ("a.jpg", 7)),  # as C's atoi
        ("a.jpg x", ("a.jpg", 0)),
        ("a.jpg", ("a.jpg", 0)),
    ],
)
def test_lines_of_a_list(tmp_path: Path, line: str, expected: tuple[str, int]) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"{line}\n")
    assert read_list(str(path)) == [expected]


def test_a_list_that_is_empty_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    with pytest.raises(CaffeToolsError, match=r"list\.txt: cannot be read: No such file"):
        read_list(str(path))
    path.write_text("")
    with pytest.raises(CaffeToolsError, match=r"list\.txt: the list is empty"):
        read_list(str(path))
