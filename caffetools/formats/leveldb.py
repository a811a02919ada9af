"""The records of a LevelDB, read with plyvel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakValueDictionary

from caffetools.errors import CaffeToolsError

CURRENT = "CURRENT"
"""The file that identifies a LevelDB's folder."""


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


def first_value(folder: str) -> bytes | None:
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
