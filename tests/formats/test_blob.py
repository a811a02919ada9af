from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import read_blob_shape
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
