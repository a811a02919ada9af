from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.databases import open_database
from tests.sources.files import write_leveldb, write_lmdb

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
    with pytest.raises(CaffeToolsError, match="there is no such database"):
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
