from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffetools.datasets.class_weights import balanced_weights, class_counts, infogain_matrix
from caffetools.errors import CaffeToolsError
from caffetools.formats.datum import encoded_datum
from caffetools.formats.weights import read_weights
from tests.formats.files import write_lmdb


def test_counts(tmp_path: Path) -> None:
    """Images are not decoded: they may be of any size, or damaged."""
    write_lmdb(tmp_path / "db", *(encoded_datum(b"", label) for label in (2, 0, 2, 2)))
    assert class_counts(str(tmp_path / "db"), "LMDB").tolist() == [1, 0, 3]


def test_weights() -> None:
    """4 items of 2 classes: 4 / (2 * 1), none, 4 / (2 * 3); 2 + 3 * 2/3 = 4."""
    assert balanced_weights(np.array([1, 0, 3])) == pytest.approx([2, 0, 2 / 3])


def test_the_matrix(tmp_path: Path) -> None:
    path = tmp_path / "H.binaryproto"
    path.write_bytes(infogain_matrix(np.array([2, 0.5], np.float32)))
    (blob,) = read_weights(str(path), "binaryproto").layers[0].blobs
    assert (blob.shape, blob.as_float32().tolist()) == ((1, 1, 2, 2), [[[[2, 0], [0, 0.5]]]])


def test_weighted_losses() -> None:
    """An item of weight 3 and one of weight 1, both with log 2: (3 + 1) / 2 * log 2."""
    torch = pytest.importorskip("torch")
    from caffetools.torch.runtime.softmax_loss import infogain_loss

    matrix = torch.diag(torch.tensor([3.0, 1.0]))
    loss = infogain_loss(torch.zeros(2, 2), torch.tensor([0.0, 1.0]), matrix)
    assert float(loss) == pytest.approx((3 + 1) / 2 * np.log(2))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (encoded_datum(b"", -1), "expected labels from 0, found -1 in record 0"),
        (b"\xff", "record 0 is not a Datum"),
    ],
)
def test_mistakes(tmp_path: Path, record: bytes, message: str) -> None:
    write_lmdb(tmp_path / "db", record)
    with pytest.raises(CaffeToolsError, match=message):
        class_counts(str(tmp_path / "db"), "LMDB")
