"""The records of a database by their index: LMDB, or LevelDB with plyvel."""

from __future__ import annotations

import os
from typing import Protocol

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats import leveldb, lmdb

_FORMATS = {
    "LMDB": (lmdb.DATA, lmdb.first_value),
    "LEVELDB": (leveldb.CURRENT, leveldb.first_value),
}
"""By Caffe's name: the file that identifies such a folder, and the reader of its first record."""


class Records(Protocol):
    """A database that is open for reading."""

    def __len__(self) -> int:
        """Number of records."""

    def read(self, index: int) -> bytes:
        """Return the record of an index in the order of the keys; LevelDB is slow backwards."""

    def key(self, index: int) -> bytes:
        """Return its key."""


def backend_of(folder: str) -> str | None:
    """Return Caffe's name of the database in a folder; None for other folders."""
    for name, (file, _) in _FORMATS.items():
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
        records: Records = lmdb.Lmdb(path) if backend == "LMDB" else leveldb.LevelDb(path)
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
