"""The records of a database by their index: LMDB by ourselves, LevelDB with plyvel."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, Protocol

from caffetools.errors import CaffeToolsError, Location
from caffetools.sources.lmdb import Lmdb


class Records(Protocol):
    """A database, open to read."""

    def __len__(self) -> int:
        """How many records there are."""

    def read(self, index: int) -> bytes:
        """The record of an index in the order of the keys; of LevelDB quick in that order."""


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
    except OSError as error:
        raise CaffeToolsError(f"cannot be read: {error.strerror}", place) from None
    if not len(records):
        raise CaffeToolsError("the database has no records", place)
    return records


class LevelDb:
    """A LevelDB, which only one process may have open."""

    def __init__(self, path: str) -> None:
        import plyvel

        try:
            self._database = _leveldb(os.path.realpath(path))
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


@cache
def _leveldb(path: str) -> Any:
    """The LevelDB in a folder, which a process may open only once."""
    import plyvel

    return plyvel.DB(path)
