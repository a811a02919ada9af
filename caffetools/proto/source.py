"""The text of a file, and the line and column of any offset in it."""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import sys
from bisect import bisect_right

from caffetools.errors import CaffeToolsError, Location

_LINE_END = re.compile(r"\r\n|\r|\n")


class Source:
    """A named text. Lines end in LF, CRLF or a lone CR; columns count characters from 1."""

    __slots__ = ("_starts", "first_line", "name", "text")

    def __init__(self, name: str, text: str, first_line: int = 1) -> None:
        self.name = name
        self.text = text
        self.first_line = first_line
        """Its number: 1, unless the text is a part of the file."""
        self._starts: list[int] | None = None

    def location(self, offset: int) -> Location:
        """The line and column of `offset`; the file alone for a source without text."""
        if not self.text:
            return Location(self.name) if offset < 0 else Location(self.name, 1, 1)
        if self._starts is None:
            self._starts = [0, *(end.end() for end in _LINE_END.finditer(self.text))]
        index = bisect_right(self._starts, max(offset, 0)) - 1
        column = max(offset, 0) - self._starts[index] + 1
        return Location(self.name, index + self.first_line, column)

    def line(self, number: int) -> str:
        """The text of a line, by its number, without its end."""
        assert self._starts is not None
        start = self._starts[number - self.first_line]
        end = _LINE_END.search(self.text, start)
        return self.text[start : end.start() if end else None]

    def place(self, error: CaffeToolsError, offset: int) -> CaffeToolsError:
        """The error, placed at `offset` with its source line, unless it has a place already."""
        location = self.location(offset)
        return error.at(location, self.line(location.line) if location.line and self.text else None)

    def error(
        self, message: str, offset: int, kind: type[CaffeToolsError] = CaffeToolsError
    ) -> CaffeToolsError:
        """An error of `kind` at `offset`."""
        return self.place(kind(message), offset)


class BinarySource(Source):
    """A file that has no lines: every location is the file."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        super().__init__(name, "")

    def location(self, offset: int) -> Location:
        """The file alone."""
        return Location(self.name)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read the file at `path`, or standard input for `-`.

    Raises CaffeToolsError for a path that cannot be read.
    """
    name = os.fspath(path)
    return sys.stdin.buffer.read() if name == "-" else read_file(name)


def read_file(path: str) -> bytes:
    """Read a file; raises CaffeToolsError, placed at it, if that cannot be done."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        text = "no such file"
    except IsADirectoryError:
        text = "this is a directory, not a file"
    except OSError as error:
        text = f"cannot be read: {error.strerror}"
    except ValueError as error:  # for a path with a null byte
        text = f"cannot be read: {error}"
    raise CaffeToolsError(text, Location(path))


def mapped(path: str | os.PathLike[str]) -> memoryview:
    """Map a file into memory; a pipe, which cannot be mapped, is read.

    Raises CaffeToolsError for a path that cannot be read.
    """
    name = os.fspath(path)
    if name != "-" and os.path.isfile(name) and os.path.getsize(name):
        with contextlib.suppress(OSError), open(name, "rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    return memoryview(read_bytes(name))


def shown_name(path: str | os.PathLike[str]) -> str:
    """Return the name of `path` in messages."""
    name = os.fspath(path)
    return "<stdin>" if name == "-" else name


def decode(name: str, data: bytes) -> Source:
    """Decode `data` as UTF-8, with or without a byte order mark.

    Bytes that are not UTF-8 stay as lone surrogates, so that text made of them can be written back.
    """
    return Source(name, data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape"))
