from __future__ import annotations

import sys
from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.database import CURRENT, backend_of, first_record, open_database
from tests.formats.files import write_leveldb, write_lmdb


def test_lmdb(tmp_path: Path) -> None:
    write_lmdb(tmp_path / "db", b"record")
    assert backend_of(str(tmp_path / "db")) == "LMDB"
    assert first_record(str(tmp_path / "db"), "LMDB") == b"record"


def test_leveldb(tmp_path: Path) -> None:
    write_leveldb(tmp_path / "db", b"record")
    assert backend_of(str(tmp_path / "db")) == "LEVELDB"
    assert first_record(str(tmp_path / "db"), "LEVELDB") == b"record"


@pytest.mark.parametrize(
    ("records", "expected"), [((b"first", b"second"), b"first"), ((b"",), b""), ((), None)]
)
def test_the_first_record_of_a_leveldb(
    tmp_path: Path, records: tuple[bytes, ...], expected: bytes | None
) -> None:
    write_leveldb(tmp_path / "db", *records)
    assert first_record(str(tmp_path / "db"), "LEVELDB") == expected
    assert first_record(str(tmp_path / "db"), "LEVELDB") == expected  # it was closed


def test_a_damaged_leveldb(tmp_path: Path) -> None:
    write_leveldb(tmp_path / "db", b"first")
    (tmp_path / "db" / CURRENT).write_bytes(b"MANIFEST-999999\n")
    with pytest.raises(CaffeToolsError, match="the LevelDB cannot be opened"):
        first_record(str(tmp_path / "db"), "LEVELDB")


def test_first_record_without_plyvel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plyvel", None)
    with pytest.raises(ImportError, match="plyvel"):
        first_record(str(tmp_path), "LEVELDB")


def test_neither(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert backend_of(str(tmp_path)) is None
    assert backend_of(str(tmp_path / "file")) is None


RECORDS = [b"record %d" % number for number in range(7)]


def lmdb_of(path: Path, records: list[bytes]) -> str:
    write_lmdb(path, *records)
    return str(path)


def leveldb_of(path: Path, records: list[bytes]) -> str:
    write_leveldb(path, *records)
    return str(path)


MAKERS = {"LMDB": lmdb_of, "LEVELDB": leveldb_of}


@pytest.mark.parametrize("backend", MAKERS)
def test_records_in_any_order(tmp_path: Path, backend: str) -> None:
    records = open_database(MAKERS[backend](tmp_path / "db", RECORDS), backend)
    assert len(records) == 7
    for index in (0, 1, 2, 6, 3, 3, 0):
        assert records.read(index) == RECORDS[index]


@pytest.mark.parametrize("backend", MAKERS)
def test_no_records(tmp_path: Path, backend: str) -> None:
    path = MAKERS[backend](tmp_path / "db", [])
    with pytest.raises(CaffeToolsError, match="the database has no records"):
        open_database(path, backend)


@pytest.mark.parametrize(("there", "backend"), [("LMDB", "LEVELDB"), ("LEVELDB", "LMDB")])
def test_the_other_kind(tmp_path: Path, there: str, backend: str) -> None:
    path = MAKERS[there](tmp_path / "db", RECORDS)
    with pytest.raises(CaffeToolsError) as caught:
        open_database(path, backend)
    assert "cannot be" in caught.value.message
    assert str(caught.value).startswith(f"{path}: ")


def test_no_database(tmp_path: Path) -> None:
    with pytest.raises(CaffeToolsError, match="no such database"):
        open_database(str(tmp_path / "db"), "LMDB")


@pytest.mark.parametrize("left", [0.0, 0.1, 0.5, 0.9])
def test_an_lmdb_that_was_cut_short_does_not_kill_the_process(tmp_path: Path, left: float) -> None:
    path = Path(lmdb_of(tmp_path / "db", [bytes(5000)] * 40))
    data = path / "data.mdb"
    data.write_bytes(data.read_bytes()[: int(data.stat().st_size * left)])
    with pytest.raises(CaffeToolsError, match="ends too early"):
        open_database(str(path), "LMDB")


@pytest.mark.parametrize("backend", MAKERS)
def test_several_nets_read_one_database(tmp_path: Path, backend: str) -> None:
    path = MAKERS[backend](tmp_path / "db", RECORDS)
    several = [open_database(path, backend) for _ in range(2)]
    assert [each.read(index) for each in several for index in (0, 3, 1)] == [
        RECORDS[index] for _ in several for index in (0, 3, 1)
    ]


@pytest.mark.parametrize("backend", MAKERS)
def test_keys(tmp_path: Path, backend: str) -> None:
    records = open_database(MAKERS[backend](tmp_path / "db", RECORDS), backend)
    for index in (0, 1, 6, 3, 3):
        assert records.key(index) == b"%08d" % index
        assert records.read(index) == RECORDS[index]


@pytest.mark.parametrize("backend", MAKERS)
def test_a_file_in_place_of_the_folder(tmp_path: Path, backend: str) -> None:
    (tmp_path / "db").write_bytes(b"no database")
    with pytest.raises(CaffeToolsError) as caught:
        open_database(str(tmp_path / "db"), backend)
    assert str(caught.value) == f"{tmp_path}/db: expected the folder of a database, found a file"


@pytest.mark.parametrize("backend", MAKERS)
def test_an_empty_folder(tmp_path: Path, backend: str) -> None:
    (tmp_path / "db").mkdir()
    with pytest.raises(CaffeToolsError, match="cannot be"):
        open_database(str(tmp_path / "db"), backend)


@pytest.mark.parametrize("ending", [".ldb", "CURRENT", "MANIFEST-*"])
@pytest.mark.parametrize("left", [0.0, 0.3, 0.9])
def test_a_leveldb_that_was_cut_short(tmp_path: Path, ending: str, left: float) -> None:
    path = Path(leveldb_of(tmp_path / "db", [bytes([i]) * 5000 for i in range(40)]))
    plyvel = pytest.importorskip("plyvel")
    plyvel.DB(str(path)).close()  # puts what is in its log into a table
    (file,) = path.glob(ending if "*" in ending else f"*{ending}")
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * left)])
    with pytest.raises(CaffeToolsError, match=r"db: the LevelDB (cannot be opened|is damaged): \w"):
        open_database(str(path), "LEVELDB")


def test_a_leveldb_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plyvel", None)
    (tmp_path / "db").mkdir()
    with pytest.raises(CaffeToolsError, match="LEVELDB needs plyvel: pip install plyvel"):
        open_database(str(tmp_path / "db"), "LEVELDB")
