"""The lines of a log that is still being written, as they come: of a file that grows, or a pipe."""

from __future__ import annotations

import os
import stat
from io import FileIO

from caffetools.errors import CaffeToolsError, Location
from caffetools.log.echo_source import COMPRESSED
from caffetools.log.lines import CHUNK, clean


class Tail:
    """The lines that are added to a file, which need not be there yet.

    A file that was cut is read from its new start; one that was put in its place, after the rest of
    the old one. Raises CaffeToolsError for what is no file or cannot be read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.is_ended = False
        """Nothing says of a file that it will not grow."""
        self._file: FileIO | None = None
        self._position = 0

    def close(self) -> None:
        """Read no more."""
        if self._file:
            self._file.close()

    def read(self) -> str:
        """Whole lines that have come, cleaned; some of them where they are many, "" for none."""
        try:
            text = self._next_lines()
            if not text and self._is_new():
                text = self._next_lines()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise CaffeToolsError(f"cannot be read: {reason}", Location(self.path)) from None
        return text

    def _next_lines(self) -> str:
        if self._file is None:
            return ""
        if os.fstat(self._file.fileno()).st_size < self._position:
            self._position = 0
        self._file.seek(self._position)
        block = self._file.read(CHUNK)
        if not self._position and block.startswith(COMPRESSED):
            text = "this is compressed, it cannot be followed"
            raise CaffeToolsError(text, Location(self.path))
        # What has no end of a line for so long is no line.
        end = block.rfind(b"\n") + 1 or (len(block) if len(block) == CHUNK else 0)
        self._position += end
        return clean(block[:end].decode("utf-8", "replace"))

    def _is_new(self) -> bool:
        """Is there another file at the path than the one that is open? It is opened."""
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            return False
        if self._file and os.path.samestat(there, os.fstat(self._file.fileno())):
            return False
        if not stat.S_ISREG(there.st_mode):
            raise CaffeToolsError(
                "this is no regular file, it cannot be followed", Location(self.path)
            )
        self.close()
        self._file, self._position = _opened(self.path), 0
        return True


def _opened(path: str) -> FileIO:
    # A buffer would keep what was there before the file was cut.
    return open(path, "rb", buffering=0)


class Pipe:
    """The lines that come through a pipe, by its descriptor: reading waits for them."""

    def __init__(self, descriptor: int) -> None:
        self.is_ended = False
        """Has the other side been closed, and all been read?"""
        self._descriptor = descriptor
        self._rest = b""

    def close(self) -> None:
        """Read no more; the descriptor stays open."""
        self.is_ended = True

    def read(self) -> str:
        """Whole lines that have come, cleaned, "" if there is none yet."""
        try:
            block = os.read(self._descriptor, CHUNK)
        except OSError as error:
            reason = error.strerror or str(error)
            raise CaffeToolsError(f"cannot be read: {reason}", Location("<stdin>")) from None
        self.is_ended = not block
        self._rest += block
        # What has no end of a line for so long is no line.
        whole = len(self._rest) if self.is_ended or len(self._rest) >= CHUNK else 0
        end = self._rest.rfind(b"\n") + 1 or whole
        text, self._rest = self._rest[:end], self._rest[end:]
        return clean(text.decode("utf-8", "replace"))
