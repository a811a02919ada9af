"""The records of a database by their index: LMDB by ourselves, LevelDB with plyvel."""

from __future__ import annotations

import os
from typing import Any, Protocol
from weakref import WeakValueDictionary

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
            self._opened = _opened(path)
            with self._opened.database.iterator(include_value=False) as keys:
                self._count = sum(1 for _ in keys)
            self._records = self._opened.database.iterator(include_key=False)
        except (plyvel.Error, OSError) as error:
            raise CaffeToolsError(f"the LevelDB cannot be opened: {error}") from None
        self._at = 0

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> bytes:
        """The record of an index in the order of the keys."""
        import plyvel

        if index < self._at:
            self._records = self._opened.database.iterator(include_key=False)
            self._at = 0
        value = b""
        try:
            while self._at <= index:
                value = next(self._records)
                self._at += 1
        except (plyvel.Error, StopIteration) as error:
            raise CaffeToolsError(f"the LevelDB is damaged: {error}") from None
        return value


class _Opened:
    """A LevelDB that is open, as long as there is a LevelDb that reads it."""

    def __init__(self, path: str) -> None:
        import plyvel

        self.database: Any = plyvel.DB(path)


_OPENED: WeakValueDictionary[str, _Opened] = WeakValueDictionary()
"""By their folders: a process may open each only once."""


def _opened(path: str) -> _Opened:
    folder = os.path.realpath(path)
    opened = _OPENED.get(folder) or _Opened(folder)
    _OPENED[folder] = opened
    return opened
