from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.image_list import ImageList, _Images, read_list
from caffetools.torch.training.data.sources import ReadContext
from caffetools.torch.training.data.transformer import Transform

PLACE = ReadContext(0, train=True)
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
    items = ImageList(TOPS, "list.txt", 2).open(ReadContext(0, train=True, folder=str(tmp_path)))
    assert int(items.read(0, 0)[1]) == 0


def test_a_damaged_image_is_named(tmp_path: Path) -> None:
    source = ImageList(TOPS, images(tmp_path, 1), 2, root_folder=f"{tmp_path}/")
    path = tmp_path / "an image 0.png"
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(CaffeToolsError, match=r"an image 0\.png: the image cannot be decoded"):
        source.open(PLACE).read(0, 0)
    path.unlink()
    with pytest.raises(CaffeToolsError, match=r"an image 0\.png: no such file"):
        source.open(PLACE).read(0, 0)


def test_rand_skip_begins_elsewhere(tmp_path: Path) -> None:
    """And the images that were skipped come once the list has ended."""
    source = ImageList(TOPS, images(tmp_path, 4), 2, root_folder=f"{tmp_path}/", rand_skip=3)
    starts = set()
    for seed in range(20):
        items = source.open(ReadContext(seed, train=True))
        labels = [int(items.read(number, 0)[1]) for number in range(8)]
        starts.add(labels[0])
        assert labels == [(labels[0] + i) % 4 for i in range(8)]
    assert starts == {0, 1, 2}


def test_more_is_skipped_than_there_is(tmp_path: Path) -> None:
    """Not enough points to skip, as Caffe says, if the draw comes out so."""
    source = ImageList(TOPS, images(tmp_path, 2), 2, root_folder=f"{tmp_path}/", rand_skip=1000)
    with pytest.raises(CaffeToolsError, match=r"rand_skip skips \d+ images, the list has 2"):
        source.open(PLACE)


def test_a_shuffled_epoch_begins_anew_after_what_was_skipped(tmp_path: Path) -> None:
    path = images(tmp_path, 6)
    source = ImageList(TOPS, path, 2, root_folder=f"{tmp_path}/", shuffle=True, rand_skip=4)
    for seed in range(5):
        items = source.open(ReadContext(seed, train=True))
        assert isinstance(items, _Images)
        labels = [int(items.read(number, 0)[1]) for number in range(12)]
        start = 6 - items.skipped
        assert sorted(labels[start : start + 6]) == list(range(6))
        assert len(set(labels[:start])) == start


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a.jpg 3", ("a.jpg", 3)),
        ("a folder/b.jpg 12", ("a folder/b.jpg", 12)),
        ("a.jpg -1", ("a.jpg", -1)),
        ("a.jpg +1\r", ("a.jpg", 1)),
        ("a.jpg 7x", ("a.jpg", 7)),  # as C's atoi
        ("a.jpg\t5", ("a.jpg\t5", None)),  # only a blank parts them
        ("a.jpg x", ("a.jpg", None)),
        ("a.jpg \u0663", ("a.jpg", None)),
        ("7.jpg", ("7.jpg", None)),
        ("", ("", None)),
    ],
)
def test_lines_of_a_list(tmp_path: Path, line: str, expected: tuple[str, int | None]) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"first.jpg 0\n{line}\n", newline="")
    assert read_list(str(path)) == [("first.jpg", 0), expected]


@pytest.mark.parametrize("line", ["0.png", "0.png x", "", " 3"])
def test_a_line_without_image_or_label_is_damaged(tmp_path: Path, line: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"a.png 0\n{line}\n")
    items = ImageList(TOPS, str(path), 1).open(PLACE)
    with pytest.raises(CaffeToolsError, match="expected an image and a label, found "):
        items.read(1, 0)
    assert items.name(1, 0) == f"{path}:2"


def test_a_list_that_is_empty_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    with pytest.raises(CaffeToolsError, match=r"list\.txt: no such file"):
        read_list(str(path))
    path.write_text("")
    with pytest.raises(CaffeToolsError, match=r"list\.txt: the list is empty"):
        read_list(str(path))
