"""Files that data layers name, read whole."""

from __future__ import annotations

import os

from caffetools.errors import CaffeToolsError, Location


def check_regular(path: str) -> None:
    """Raise CaffeToolsError, placed, for a pipe and its like, which might be read for ever."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise CaffeToolsError("cannot be read: this is no regular file", Location(path))


def read_bytes(path: str) -> bytes:
    """What a regular file holds.

    Raises CaffeToolsError, placed, for one that is not there or cannot be read.
    """
    check_regular(path)
    place = Location(path)
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise CaffeToolsError(f"cannot be read: {error.strerror}", place) from None
    except ValueError as error:  # of a name that no file can have
        raise CaffeToolsError(f"cannot be read: {error}", place) from None


def read_text(path: str) -> str:
    """The same as text; bytes that are no UTF-8 become what `os.fsencode` turns back."""
    return read_bytes(path).decode("utf-8", "surrogateescape")
