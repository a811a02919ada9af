"""Caffe's log: glog's prefix, and on a terminal a line of progress below.

    I1124 02:07:02.976524 11743 solver.cpp:239] Iteration 192 (...), loss = 0.77

Messages name the source lines of master 9b8915401, by which tools tell a log's age.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import TextIO

_BETWEEN = 0.2
"""Seconds between two looks of the line of progress."""


class Log:
    """Writes to a stream; one that is None, as on all processes but the first, takes nothing.

    Where the stream fails, as on a full disk, `failure` says why: no run ends for its log.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream
        self.is_terminal = stream is not None and stream.isatty()
        self.failure: str | None = None
        self._shown = 0
        self._next_look = 0.0

    def say(self, place: str, message: str) -> None:
        """A message of a line of Caffe's source, such as "solver.cpp:239"."""
        self._write("I", place, message)

    def remark(self, place: str, message: str) -> None:
        """Something that should be known and stops nothing, in one line."""
        self._write("W", place, one_line(message))

    def fail(self, place: str, message: str) -> None:
        """Something that failed, in one line."""
        self._write("E", place, one_line(message))

    def progress(self, text: str) -> None:
        """Show a text below the log, on a terminal and not too often, until the next message."""
        now = time.monotonic()
        if not self.is_terminal or now < self._next_look:
            return
        self._next_look = now + _BETWEEN
        self._put("\r" + text.ljust(self._shown))
        self._shown = len(text)

    def _write(self, severity: str, place: str, message: str) -> None:
        if self.stream is None:
            return
        before = "\r" + " " * self._shown + "\r" if self._shown else ""
        self._shown = 0
        now = datetime.now()  # noqa: DTZ005  # glog writes local time
        head = f"{severity}{now:%m%d %H:%M:%S.%f} {threading.get_native_id():5}"
        self._put(f"{before}{head} {place}] {message}\n")

    def _put(self, text: str) -> None:
        assert self.stream is not None
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError as error:
            self.failure = error.strerror or str(error)


def one_line(text: str) -> str:
    """The text with all escaped that would begin a line of its own or move a terminal's cursor."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def number(value: float) -> str:
    """A number as C++ streams write it: six digits."""
    return f"{value:.6g}"
