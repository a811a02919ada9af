"""The records of a database by their index: LMDB by ourselves, LevelDB with plyvel."""

from __future__ import annotations

import os
from typing import Any, Protocol
from weakref import WeakValueDictionary

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.leveldb import told
from caffetools.formats.lmdb import Lmdb


class Records(Protocol):
    """A database, open to read."""

    def __len__(self) -> int:
        """How many records there are."""

    def read(self, index: int) -> bytes:
        """The record of an index in the order of the keys; of LevelDB quick in that order."""

    def key(self, index: int) -> bytes:
        """Its key, for messages."""


def open_database(path: str, backend: str) -> Records:
    """The database in a folder.

    Raises CaffeToolsError, placed at the folder, where it is missing, damaged, empty or of the
    other kind, or where its library is missing.
    """
    place = Location(path)
    if not os.path.exists(path):
        raise CaffeToolsError("there is no such database", place)
    if not os.path.isdir(path):
        raise CaffeToolsError("expected the folder of a database, found a file", place)
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
            self._records = self._opened.database.iterator()
        except (plyvel.Error, OSError) as error:
            raise CaffeToolsError(f"the LevelDB cannot be opened: {told(error)}") from None
        self._next = 0
        self._last = b"", b""

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> bytes:
        """The record of an index in the order of the keys."""
        return self._record(index)[1]

    def key(self, index: int) -> bytes:
        """Its key."""
        return self._record(index)[0]

    def _record(self, index: int) -> tuple[bytes, bytes]:
        import plyvel

        if index < self._next - 1:
            self._records = self._opened.database.iterator()
            self._next = 0
        try:
            while self._next <= index:
                self._last = next(self._records)
                self._next += 1
        except StopIteration:
            raise CaffeToolsError(f"the LevelDB has ended after {self._next} records") from None
        except (plyvel.Error, OSError) as error:
            raise CaffeToolsError(f"the LevelDB is damaged: {told(error)}") from None
        return self._last


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
