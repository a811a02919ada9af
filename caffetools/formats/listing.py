"""The first entries of a text file that lists files, one a line."""

from __future__ import annotations

import os

from caffetools.errors import CaffeToolsError

_READ = 1 << 16
"""Bytes: more than the first lines of any list take."""

_LINES = 100
"""Images that are tried until one is there."""


def first_images(path: str) -> list[str]:
    """The files of the first lines, each of which ends in a blank and a label.

    At least the first line's (image_data_layer.cpp).
    """
    start = _start(path)
    if not start:
        raise CaffeToolsError(f"the list {path!a} is empty")
    whole = start.removesuffix(b"\n") if len(start) < _READ else start.rpartition(b"\n")[0] or start
    lines = whole.split(b"\n")[:_LINES]
    return [os.fsdecode(line.rpartition(b" ")[0] or line) for line in lines]


def first_word(path: str) -> str:
    """The first file of a list that goes by blanks and lines (hdf5_data_layer.cpp)."""
    words = _start(path).split(maxsplit=1)
    if not words:
        raise CaffeToolsError(f"the list {path!a} is empty")
    return os.fsdecode(words[0])


def first_window_channels(path: str) -> int:
    """The channels of the first image of a window file (window_data_layer.cpp).

    An image is `#` and its number, its file, its channels, height and width, then its windows.
    """
    words = _start(path).split(maxsplit=4)
    if len(words) < 4 or words[0] != b"#" or not words[3].isdigit():
        raise CaffeToolsError(
            f"the window file {path!a} does not begin with '#', a number, a file and its channels"
        )
    return int(words[3])


def _start(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(_READ)
