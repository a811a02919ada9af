"""The lines of a log that is still being written: of a file that grows, or of a pipe.

Only the bytes of an unfinished line are read again.
"""

from __future__ import annotations

import os
import stat
from io import FileIO

from caffetools.errors import CaffeToolsError, Location
from caffetools.log.text import CHUNK, COMPRESSED, clean


class Tail:
    """The lines that are added to a file, which need not be there yet.

    A file that was cut is read from its new start; one that was put in its place, after the rest of
    the old one. Raises CaffeToolsError for what is no file or cannot be read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.is_ended = False
        """Always false: a file may grow at any time."""
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
        text, rest = _whole_lines(block)
        self._position += len(block) - len(rest)
        return text

    def _is_new(self) -> bool:
        """Open the file at the path if it is not the open one; return whether it did."""
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            return False
        if self._file and os.path.samestat(there, os.fstat(self._file.fileno())):
            return False
        if not stat.S_ISREG(there.st_mode):
            text = "this is no regular file, it cannot be followed"
            raise CaffeToolsError(text, Location(self.path))
        self.close()
        # A buffer would keep what was there before the file was cut.
        self._file, self._position = FileIO(self.path), 0
        return True


class Pipe:
    """The lines that come through a pipe, by its descriptor: reading waits for them."""

    def __init__(self, descriptor: int) -> None:
        self.is_ended = False
        """Whether the other side is closed and everything has been read."""
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
        text, self._rest = _whole_lines(self._rest + block, self.is_ended)
        return text


def _whole_lines(block: bytes, is_ended: bool = False) -> tuple[str, bytes]:
    """Return the whole lines of a block, cleaned, and the rest of it."""
    # What has no end of a line for so long is no line.
    whole = len(block) if is_ended or len(block) >= CHUNK else 0
    end = block.rfind(b"\n") + 1 or whole
    return clean(block[:end].decode("utf-8", "replace")), block[end:]
