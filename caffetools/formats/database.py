"""The records of a database by their index: LMDB, or LevelDB with plyvel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from weakref import WeakValueDictionary

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats import lmdb

CURRENT = "CURRENT"
"""The file that identifies a LevelDB's folder."""


class Records(Protocol):
    """A database that is open for reading."""

    def __len__(self) -> int:
        """Number of records."""

    def read(self, index: int) -> bytes:
        """Return the record of an index in the order of the keys; LevelDB is slow backwards."""

    def key(self, index: int) -> bytes:
        """Return its key."""


class _Opened:
    """An open LevelDB; it is closed with its last user."""

    def __init__(self, path: str) -> None:
        import plyvel

        self.database: Any = plyvel.DB(path)


_OPENED: WeakValueDictionary[str, _Opened] = WeakValueDictionary()
"""By folder: a process may open each only once."""


def _opened(path: str) -> _Opened:
    folder = os.path.realpath(path)
    opened = _OPENED.get(folder) or _Opened(folder)
    _OPENED[folder] = opened
    return opened


@contextmanager
def _checked(what: str) -> Iterator[None]:
    """Turn the errors of plyvel into CaffeToolsError; ImportError without plyvel."""
    import plyvel

    try:
        yield
    except (plyvel.Error, OSError) as error:
        raise CaffeToolsError(f"{what}: {plyvel_message(error)}") from None


def plyvel_message(error: Exception) -> str:
    """Return the message of an error of plyvel, which is bytes."""
    text = error.args[0] if error.args else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(error)


def _first_of_leveldb(folder: str) -> bytes | None:
    """Return the value of the least key; None for an empty database.

    Opening a LevelDB locks it and completes an interrupted write, in Caffe as here. Raises
    CaffeToolsError where that fails, ImportError without plyvel.
    """
    with _checked("the LevelDB cannot be opened"):
        opened = _opened(folder)
        with opened.database.iterator(include_key=False) as values:
            value: bytes | None = next(values, None)
            return value


class LevelDb:
    """A LevelDB that is open for reading; only one process may open it."""

    def __init__(self, path: str) -> None:
        with _checked("the LevelDB cannot be opened"):
            self._opened = _opened(path)
            with self._opened.database.iterator(include_value=False) as keys:
                self._count = sum(1 for _ in keys)
            self._records = self._opened.database.iterator()
        self._next = 0
        self._last = b"", b""

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> bytes:
        """Return the record of an index in the order of the keys."""
        return self._record(index)[1]

    def key(self, index: int) -> bytes:
        """Return its key."""
        return self._record(index)[0]

    def _record(self, index: int) -> tuple[bytes, bytes]:
        with _checked("the LevelDB is damaged"):
            if index < self._next - 1:
                self._records = self._opened.database.iterator()
                self._next = 0
            while self._next <= index:
                record = next(self._records, None)
                if record is None:
                    raise CaffeToolsError(f"the LevelDB has ended after {self._next} records")
                self._last = record
                self._next += 1
        return self._last


_FORMATS = {"LMDB": (lmdb.DATA, lmdb.first_value), "LEVELDB": (CURRENT, _first_of_leveldb)}
"""By Caffe's name: the file that identifies such a folder, and the reader of its first record."""


def backend_of(folder: str) -> str | None:
    """Return Caffe's name of the database in a folder; None for other folders."""
    for name, (file, *_) in _FORMATS.items():
        if os.path.isfile(os.path.join(folder, file)):
            return name
    return None


def first_record(folder: str, backend: str) -> bytes | None:
    """Return the record with the least key; None for an empty database.

    Raises CaffeToolsError for a database that cannot be read, OSError for a file that cannot be
    opened, ImportError for a missing library.
    """
    return _FORMATS[backend][1](folder)


def open_database(path: str, backend: str) -> Records:
    """Open the database in a folder.

    Raises CaffeToolsError, placed at the folder, if it is missing, damaged, empty or of another
    format, or if its library is missing.
    """
    place = Location(path)
    if not os.path.exists(path):
        raise CaffeToolsError("no such database", place)
    if not os.path.isdir(path):
        raise CaffeToolsError("expected the folder of a database, found a file", place)
    try:
        records: Records = lmdb.Lmdb(path) if backend == "LMDB" else LevelDb(path)
    except ImportError as error:
        text = f"{backend} needs {error.name}: pip install {error.name}"
        raise CaffeToolsError(text, place) from None
    except CaffeToolsError as error:
        raise error.at(place) from None
    except OSError as error:
        raise CaffeToolsError(f"cannot be read: {error.strerror}", place) from None
    if not len(records):
        raise CaffeToolsError("the database has no records", place)
    return records
