from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lmdb")

from caffetools.datasets.shown_items import seen_items, stored_items
from caffetools.errors import CaffeToolsError
from caffetools.formats.annotated_datum import Box, annotated_datum
from caffetools.formats.datum import raw_datum
from caffetools.torch.training.data.annotated_items import AnnotatedDatabase
from caffetools.torch.training.data.annotated_transform import AnnotatedTransform
from caffetools.torch.training.data.batches import Reading
from caffetools.torch.training.data.sources import ArraySource, Database
from caffetools.torch.training.data.transformer import Transform

PIXELS = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
RGB = PIXELS[:, :, ::-1]
BOX = Box(2, 1, 0.25, 0.5, 0.75, 1, True)
TOPS = ("data", "label")
READING = Reading(0, train=False)


def database(folder: Path, *records: bytes) -> str:
    import lmdb

    path = str(folder / "db")
    with lmdb.open(path, map_size=1 << 20) as environment, environment.begin(write=True) as put:
        for number, record in enumerate(records):
            put.put(b"%08d_x.png" % number, record)
    return path


def test_items_as_they_are_stored(tmp_path: Path) -> None:
    grey = raw_datum(PIXELS[:, :, :1], 5)
    path = database(tmp_path, annotated_datum(raw_datum(PIXELS, -1), [BOX]), grey)
    boxed, plain = stored_items(path, "LMDB", range(9))
    assert (boxed.title, boxed.boxes) == ("00000000_x.png", (BOX,))
    assert (boxed.pixels == RGB).all()
    assert (plain.title, plain.boxes) == ("00000001_x.png, label 5", ())
    assert (plain.pixels == PIXELS[:, :, 0]).all()


def test_a_damaged_record(tmp_path: Path) -> None:
    path = database(tmp_path, b"\x0f")
    with pytest.raises(CaffeToolsError, match="record 0: the record is not an AnnotatedDatum"):
        list(stored_items(path, "LMDB", range(1)))


def test_items_as_the_net_sees_them(tmp_path: Path) -> None:
    """Mean and scale are taken back; the crop remains."""
    path = database(tmp_path, annotated_datum(raw_datum(PIXELS, -1), [BOX]))
    transform = AnnotatedTransform(scale=0.25, mean_values=(1, 2, 3), crop_size=4)
    source = AnnotatedDatabase(TOPS, path, "LMDB", 1, transform)
    (item,) = seen_items(source, READING, range(1))
    assert (item.pixels == RGB[:, 1:5]).all()
    assert item.title == "record 0, key '00000000_x.png'"
    assert item.boxes == (Box(2, 1, 0.125, 0.5, 0.875, 1, True),)


def test_labels(tmp_path: Path) -> None:
    source = Database(TOPS, database(tmp_path, raw_datum(PIXELS, 7)), "LMDB", 1, Transform())
    (item,) = seen_items(source, READING, range(1))
    assert item.title.endswith(", label 7")


def test_what_is_no_image() -> None:
    source = ArraySource(("data",), 1, (np.zeros((2, 5)),))
    with pytest.raises(CaffeToolsError, match="expected images of 3 axes, found 1"):
        list(seen_items(source, READING, range(1)))
