from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffetools.datasets.mean import mean_of
from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import read_blob
from caffetools.formats.datum import raw_datum
from caffetools.formats.weights import read_weights
from tests.formats.files import write_lmdb


def images(*levels: int) -> list[bytes]:
    """2 x 3 pixels of two channels, the second of twice the level."""
    plane = np.ones((2, 3, 1), np.uint8)
    return [raw_datum(np.concatenate([plane * level, plane * 2 * level], 2), 0) for level in levels]


def test_mean(tmp_path: Path) -> None:
    write_lmdb(tmp_path / "db", *images(1, 2, 6))
    mean = mean_of(str(tmp_path / "db"), "LMDB")
    assert mean.count == 3
    assert mean.image.shape == (2, 2, 3)
    assert mean.channels == ((1 + 2 + 6) / 3, 2 * (1 + 2 + 6) / 3)
    data = mean.binaryproto()
    blob = read_blob(memoryview(data), 0, len(data))
    assert blob.shape == (1, 2, 2, 3)
    assert blob.values.tolist() == mean.image.flatten().tolist()
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(mean.binaryproto())
    assert read_weights(path).kind == "binaryproto"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (b"no datum", "record 1: the record is not a Datum"),
        (raw_datum(np.ones((2, 2, 2), np.uint8), 0), r"record 1 is \(2, 2, 2\), those before"),
    ],
)
def test_records_that_will_not_do(tmp_path: Path, more: bytes, message: str) -> None:
    write_lmdb(tmp_path / "db", *images(1), more)
    with pytest.raises(CaffeToolsError, match=message):
        mean_of(str(tmp_path / "db"), "LMDB")
