from __future__ import annotations

from pathlib import Path

from caffetools.formats.database import backend_of, first_record
from tests.formats.files import write_leveldb, write_lmdb


def test_lmdb(tmp_path: Path) -> None:
    write_lmdb(tmp_path / "db", b"record")
    assert backend_of(str(tmp_path / "db")) == "LMDB"
    assert first_record(str(tmp_path / "db"), "LMDB") == b"record"


def test_leveldb(tmp_path: Path) -> None:
    write_leveldb(tmp_path / "db", b"record")
    assert backend_of(str(tmp_path / "db")) == "LEVELDB"
    assert first_record(str(tmp_path / "db"), "LEVELDB") == b"record"


def test_neither(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert backend_of(str(tmp_path)) is None
    assert backend_of(str(tmp_path / "file")) is None
