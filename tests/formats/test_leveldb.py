from __future__ import annotations

import sys
from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.leveldb import CURRENT, first_value
from tests.formats.files import write_leveldb


@pytest.mark.parametrize(
    ("records", "expected"), [((b"first", b"second"), b"first"), ((b"",), b""), ((), None)]
)
def test_first_value(tmp_path: Path, records: tuple[bytes, ...], expected: bytes | None) -> None:
    write_leveldb(tmp_path / "db", *records)
    assert first_value(str(tmp_path / "db")) == expected
    assert first_value(str(tmp_path / "db")) == expected  # it was closed


def test_a_damaged_database(tmp_path: Path) -> None:
    write_leveldb(tmp_path / "db", b"first")
    (tmp_path / "db" / CURRENT).write_bytes(b"MANIFEST-999999\n")
    with pytest.raises(CaffeToolsError, match="the LevelDB cannot be opened"):
        first_value(str(tmp_path / "db"))


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plyvel", None)
    with pytest.raises(ImportError, match="plyvel"):
        first_value(str(tmp_path))
