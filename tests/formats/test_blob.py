"""Which blobs fit, and in what form their numbers come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob, binaryproto, read_blob, read_blob_shape, significant
from tests.formats.files import number, payload, varint

DATA = payload(5, b"\x00" * 24)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (number(1, 1) + number(2, 3) + number(3, 256) + number(4, 224) + DATA, (1, 3, 256, 224)),
        (DATA + number(2, 3), (0, 3, 0, 0)),
        (payload(7, payload(1, varint(3) + varint(300))) + DATA, (3, 300)),
        (payload(7, number(1, 3) + number(1, 300)), (3, 300)),
        (payload(7, payload(1, varint(3)) + number(1, 4)), (3, 4)),
        (payload(7, number(1, -1)), (-1,)),
        (number(4, 2) + payload(7, number(1, 3)), (0, 0, 0, 2)),  # the old form goes before
        (payload(7, b""), ()),
        (b"", ()),
    ],
)
def test_shape(tmp_path: Path, data: bytes, expected: tuple[int, ...]) -> None:
    (tmp_path / "blob").write_bytes(data)
    assert read_blob_shape(str(tmp_path / "blob")) == expected


@pytest.mark.parametrize("data", [b"\x08", DATA[:-1], payload(7, b"\x08"), b"not a blob"])
def test_no_blob(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "blob").write_bytes(data)
    with pytest.raises(CaffeToolsError, match="holds no blob"):
        read_blob_shape(str(tmp_path / "blob"))


@pytest.mark.parametrize(
    ("stored", "wanted", "fits"),
    [
        ((1, 1, 1, 20), (20,), True),
        ((1, 1, 500, 800), (500, 800), True),
        ((20, 1, 5, 5), (20, 1, 5, 5), True),
        ((1, 20, 1, 1), (20,), True),
        ((1,), (), True),
        ((800, 500), (500, 800), False),
        ((400,), (20, 20), False),
        ((20,), (21,), False),
        ((4, 6), (6, 4), False),
    ],
)
def test_fits(stored: tuple[int, ...], wanted: tuple[int, ...], *, fits: bool) -> None:
    assert Blob(stored, np.zeros(0, np.float32)).fits(wanted) == fits


def test_significant() -> None:
    assert significant((1, 3, 1, 2)) == (3, 2)
    assert significant((1, 1)) == ()
    assert significant((0, 1)) == (0,)


def test_float32_is_not_copied() -> None:
    values = np.arange(6, dtype="<f4")
    blob = Blob((1, 1, 2, 3), values)
    row = blob.as_float32((2, 3))
    assert row.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert np.shares_memory(row, values)
    assert blob.as_float32().shape == (1, 1, 2, 3)


@pytest.mark.parametrize("kind", ["<f8", "<f2", "<i4"])
def test_other_types_are_converted(kind: str) -> None:
    blob = Blob((2,), np.array([1, 2], dtype=kind))
    assert blob.as_float32().dtype == np.float32
    assert blob.as_float32().tolist() == [1, 2]


@given(arrays(np.float32, array_shapes(max_dims=4, max_side=3)))
def test_binaryproto(array: np.ndarray) -> None:
    data = binaryproto(Blob(array.shape, array))
    found = read_blob(memoryview(data), 0, len(data))
    assert found.shape == (1, 1, 1, 1, *array.shape)[-4:]
    assert found.values.tobytes() == array.tobytes()
