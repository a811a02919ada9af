"""The records of a database one after the other: LMDB with lmdb, LevelDB with plyvel."""

from __future__ import annotations

import os
from typing import Any, Protocol

from caffetools.errors import CaffeToolsError, Location


class Records(Protocol):
    """A database, open to read."""

    def __len__(self) -> int:
        """How many records there are."""

    def read(self, index: int) -> bytes:
        """The record of an index in the order of the keys; quick for the one after the last."""


def open_database(path: str, backend: str) -> Records:
    """The database in a folder.

    Raises CaffeToolsError, placed at the folder, where it is missing, damaged, empty or of the
    other kind, or where its library is missing.
    """
    place = Location(path)
    if not os.path.exists(path):
        raise CaffeToolsError("there is no such database", place)
    try:
        records: Records = Lmdb(path) if backend == "LMDB" else LevelDb(path)
    except ImportError as error:
        text = f"reading {backend} takes {error.name}: pip install {error.name}"
        raise CaffeToolsError(text, place) from None
    except CaffeToolsError as error:
        raise error.at(place) from None
    if not len(records):
        raise CaffeToolsError("the database has no records", place)
    return records


class Lmdb:
    """The main table of an LMDB."""

    def __init__(self, path: str) -> None:
        import lmdb

        try:
            environment = lmdb.open(
                path,
                readonly=True,
                lock=False,
                readahead=False,
                meminit=False,
                subdir=os.path.isdir(path),
            )
            _check_whole(path, environment)
            self._environment = environment
            self._count = int(environment.stat()["entries"])
            self._cursor = environment.begin(buffers=False).cursor()
        except (lmdb.Error, OSError) as error:
            raise CaffeToolsError(f"the LMDB cannot be opened: {error}") from None
        self._at = -1

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> bytes:
        """The record of an index in the order of the keys."""
        import lmdb

        try:
            if index < self._at or self._at < 0:
                self._cursor.first()
                self._at = 0
            while self._at < index:
                self._cursor.next()
                self._at += 1
            value: bytes = self._cursor.value()
        except lmdb.Error as error:
            raise CaffeToolsError(f"the LMDB is damaged: {error}") from None
        return value


class LevelDb:
    """A LevelDB, which only one process may have open."""

    def __init__(self, path: str) -> None:
        import plyvel

        try:
            self._database = plyvel.DB(path)
            with self._database.iterator(include_value=False) as keys:
                self._count = sum(1 for _ in keys)
            self._records = self._database.iterator(include_key=False)
        except (plyvel.Error, OSError) as error:
            raise CaffeToolsError(f"the LevelDB cannot be opened: {error}") from None
        self._at = 0

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> bytes:
        """The record of an index in the order of the keys."""
        import plyvel

        if index < self._at:
            self._records = self._database.iterator(include_key=False)
            self._at = 0
        value = b""
        try:
            while self._at <= index:
                value = next(self._records)
                self._at += 1
        except (plyvel.Error, StopIteration) as error:
            raise CaffeToolsError(f"the LevelDB is damaged: {error}") from None
        return value


def _check_whole(path: str, environment: Any) -> None:
    """Raise CaffeToolsError for a file that was cut short.

    The library maps the file: to read beyond its end would kill the process.
    """
    file = os.path.join(path, "data.mdb") if os.path.isdir(path) else path
    needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    there = os.path.getsize(file)
    if there < needed:
        raise CaffeToolsError(f"the LMDB is cut off: expected {needed} bytes, found {there}")
