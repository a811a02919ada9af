from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob, binaryproto
from caffetools.formats.datum import encoded_datum, raw_datum
from caffetools.torch.training.data.sources import (
    ArraySource,
    Database,
    LabelRange,
    ReadContext,
    Rows,
    stacked,
)
from caffetools.torch.training.data.transformer import Transform
from tests.formats.test_database import MAKERS

PLACE = ReadContext(0, train=True)
TOPS = ("data", "label")


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
        items = Database(TOPS, path, "LMDB", 2, rand_skip=3).open(ReadContext(seed, train=True))
        first, second = (int(items.read(number, 0)[1]) for number in range(2))
        assert second == first + 1
        starts.add(first)
    assert starts == {0, 1, 2}


def test_arrays() -> None:
    data, labels = np.arange(6).reshape(3, 2), np.arange(3)
    items = ArraySource(TOPS, 2, (data, labels)).open(PLACE)
    assert [items.read(number, 0)[0].tolist() for number in (0, 2, 4)] == [[0, 1], [4, 5], [2, 3]]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((), "expected an array for each of 'data', 'label': fed from Python"),
        ((np.zeros(3), np.zeros(2)), "expected arrays of as many items each, found 3 and 2"),
        ((np.zeros(0), np.zeros(0)), "and at least one"),
        ((np.float32(3), np.zeros(2)), "expected arrays of items"),
        (
            (np.zeros((2, 3, 2)), np.zeros(2)),
            r"expected items of \(2, 3\) for 'data', found \(3, 2\)",
        ),
        ((np.array([[b"abc"] * 3] * 2), np.zeros(2)), "expected numbers for 'data', found "),
    ],
)
def test_arrays_that_will_not_do(arrays: tuple[np.ndarray, ...], message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message):
        ArraySource(TOPS, 2, arrays, ((2, 3), None)).open(PLACE)


def test_extents_of_1_may_be_left_out_of_arrays() -> None:
    """pycaffe wants labels of n x 1 x 1 x 1 for a top of n."""
    arrays = np.zeros((3, 2, 2)), np.arange(3).reshape(3, 1, 1, 1)
    items = ArraySource(TOPS, 2, arrays, ((1, 2, 2), ())).open(PLACE)
    assert [np.shape(each) for each in items.read(2, 0)] == [(1, 2, 2), ()]
    assert items.read(2, 0)[1] == 2
    assert items.name(5, 0) == "item 2 of what was fed"


@pytest.mark.parametrize("backend", MAKERS)
def test_a_record_is_named_by_its_place_and_key(tmp_path: Path, backend: str) -> None:
    path = MAKERS[backend](tmp_path / "db", [b"no datum"] * 3)
    items = Database(TOPS, path, backend, 2).open(PLACE)
    with pytest.raises(CaffeToolsError, match="the record is not a Datum"):
        items.read(4, 0)
    assert items.name(4, 0) == f"{path}: record 1, key '00000001'"


def test_a_mean_image_is_sought_as_the_database_is_and_read_once(tmp_path: Path) -> None:
    records = [raw_datum(np.full((2, 3, 1), 7, np.uint8), 0)]
    MAKERS["LMDB"](tmp_path / "db", records)
    source = Database(TOPS, "db", "LMDB", 1, Transform(mean_file="mean"))
    place = ReadContext(0, train=True, folder=str(tmp_path))
    with pytest.raises(CaffeToolsError, match=r"^mean: no such file"):
        source.open(place)
    mean = np.full((1, 2, 3), 2, np.float32)
    (tmp_path / "mean").write_bytes(binaryproto(Blob(mean.shape, mean)))
    items = source.open(place)
    (tmp_path / "mean").unlink()
    assert (items.read(0, 0)[0] == 5).all()


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({}, (3, 1, 2)),
        ({"force_color": True}, (3, 1, 2)),
        ({"force_gray": True}, (1, 1, 2)),
        ({"force_gray": True, "crop_size": 1, "mirror": True}, (1, 1, 1)),
    ],
)
def test_an_encoded_record_is_decoded_as_transform_param_says(
    tmp_path: Path, options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    """Raw records, of which no colour can be forced, stay what they are."""
    pytest.importorskip("PIL")
    from tests.torch.training.data.images import COLOURS, encoded

    records = [encoded_datum(encoded(COLOURS), 1), raw_datum(COLOURS, 2)]
    path = MAKERS["LMDB"](tmp_path / "db", records)
    items = Database(TOPS, path, "LMDB", 1, Transform(**options)).open(PLACE)
    assert items.read(0, 0)[0].shape == shape
    assert items.read(1, 0)[0].shape[0] == 3


@pytest.mark.parametrize(
    ("ignored", "labels", "expected"),
    [
        (None, [0.0, 2.0], None),
        (None, [0.0, 3.0], 3),
        (None, [-1.0, 3.0], -1),
        (255, [255.0, 1.0], None),
        (255, [255.0, 7.0], 7),
        (-1, [-1.0, -2.0], -2),
        (None, 1.0, None),
        (None, [[0.0], [4.0]], 4),
    ],
)
def test_first_wrong(ignored: int | None, labels: object, expected: int | None) -> None:
    assert LabelRange(3, ignored).first_wrong(np.asarray(labels)) == expected


def rows(*values: tuple[float, ...]) -> Rows:
    return np.array(values, np.float32).reshape(-1, 3).view(Rows)


def test_a_batch_of_arrays() -> None:
    assert stacked([np.float32(3), np.float32(4)]).tolist() == [3, 4]
    assert stacked([np.ones((2, 3)), np.zeros((2, 3))]).dtype == np.float32


def test_rows_are_joined() -> None:
    """The first column is the item."""
    found = stacked([rows((0, 5, 6)), rows(), rows((0, 7, 8), (0, 9, 1))])
    assert found.tolist() == [[[[0, 5, 6], [2, 7, 8], [2, 9, 1]]]]
    assert stacked([rows(), rows()]).tolist() == [[[[-1, -1, -1]]]]
