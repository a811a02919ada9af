"""Files that a prototxt names: find them, read them, and read the start of a list of files."""

from __future__ import annotations

import os

from caffetools.errors import CaffeToolsError, Location
from caffetools.proto.source import read_file

_LIST_START = 1 << 16
"""Bytes: more than the first lines of any list take."""

_LIST_LINES = 100
"""Images to try until one exists."""


_UNPACKED = 1 << 28
_EXPANSION = 100
"""What any file may unpack to in bytes, and how many times its own size a larger one may."""


def check_expansion(unpacked: int, stored: int) -> None:
    """Raise CaffeToolsError for a file of `stored` bytes that unpacks to far more.

    Weights and blobs are compressed to a third at best, zeros to a thousandth: a small file may
    claim more than the memory holds.
    """
    most = max(_UNPACKED, _EXPANSION * stored)
    if unpacked > most:
        text = f"expected at most {most:,} bytes of numbers in a file of {stored:,} bytes"
        raise CaffeToolsError(f"{text}, found {unpacked:,}")


def find(source: str, folder: str) -> str | None:
    """Return the path of an existing file or directory, or None.

    Sought in the working directory, as Caffe does, then in `folder`, that of the prototxt.
    """
    if not source:
        return None
    paths = (source, os.path.join(folder, source))
    return next((path for path in paths if os.path.exists(path)), None)


def find_file(source: str, folder: str) -> str | None:
    """Find a regular file: a pipe might never end."""
    path = find(source, folder)
    return path if path and os.path.isfile(path) else None


def check_regular(path: str) -> None:
    """Raise CaffeToolsError, placed, for a pipe, a device or a directory."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise CaffeToolsError("expected a regular file", Location(path))


def read_bytes(path: str) -> bytes:
    """Read a regular file; raises CaffeToolsError, placed, if that cannot be done."""
    check_regular(path)
    return read_file(path)


def read_text(path: str) -> str:
    """Read a regular file as text; `os.fsencode` restores bytes that are not UTF-8."""
    return read_bytes(path).decode("utf-8", "surrogateescape")


def first_images(path: str) -> list[str]:
    """Return the images of the first lines of a list, the first line's at least.

    Each line ends in a blank and a label (image_data_layer.cpp).
    """
    start = _list_start(path)
    if not start:
        raise CaffeToolsError(f"the list {path!a} is empty")
    whole = start.removesuffix(b"\n")
    if len(start) == _LIST_START:
        whole = start.rpartition(b"\n")[0] or start
    lines = whole.split(b"\n")[:_LIST_LINES]
    return [os.fsdecode(line.rpartition(b" ")[0] or line) for line in lines]


def first_word(path: str) -> str:
    """Return the first file of a list that is split at white space (hdf5_data_layer.cpp)."""
    words = _list_start(path).split(maxsplit=1)
    if not words:
        raise CaffeToolsError(f"the list {path!a} is empty")
    return os.fsdecode(words[0])


def first_window_channels(path: str) -> int:
    """Return the channels of the first image of a window file (window_data_layer.cpp).

    An image is `#` and its number, its file, its channels, height and width, then its windows.
    """
    words = _list_start(path).split(maxsplit=4)
    if len(words) < 4 or words[0] != b"#" or not words[3].isdigit():
        expected = "'#', a number, a file and its channels"
        raise CaffeToolsError(f"the window file {path!a} does not begin with {expected}")
    return int(words[3])


def _list_start(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(_LIST_START)
