"""The first record of a database, LMDB or LevelDB."""

from __future__ import annotations

import os

from caffetools.formats import leveldb, lmdb

_READERS = {
    "LMDB": (lmdb.DATA, lmdb.first_value),
    "LEVELDB": (leveldb.CURRENT, leveldb.first_value),
}
"""By Caffe's name: the file by which such a folder is known, and what reads it."""


def backend_of(folder: str) -> str | None:
    """Which kind of database a folder holds, by Caffe's name; None for neither."""
    for name, (file, _) in _READERS.items():
        if os.path.isfile(os.path.join(folder, file)):
            return name
    return None


def first_record(folder: str, backend: str) -> bytes | None:
    """The record with the least key; None if there is none.

    Raises CaffeToolsError for a database that cannot be read, OSError for a file that cannot be
    opened, ImportError for a library that is missing.
    """
    return _READERS[backend][1](folder)
