"""Caffe's log: glog's prefix, and on a terminal a progress line below.

    I1124 02:07:02.976524 11743 solver.cpp:239] Iteration 192 (...), loss = 0.77

Messages name the source lines of master 9b8915401, by which tools recognize a log's age.
"""

from __future__ import annotations

import re
import threading
import time
from datetime import datetime
from typing import TextIO

_REFRESH = 0.2
"""Seconds between two updates of the progress line."""


class GlogWriter:
    """Writes glog's lines to a stream, or nothing if it is None, as in all processes but the first.

    If writing fails, as on a full disk, the run goes on and `failure` has the reason.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream
        self.is_terminal = stream is not None and stream.isatty()
        self.failure: str | None = None
        self._shown = 0
        self._next_update = 0.0

    def say(self, place: str, message: str) -> None:
        """Log a message of a line of Caffe's source, such as "solver.cpp:239".

        It may have several lines, and the tabs of `caffe time`; what else could move a terminal's
        cursor is escaped.
        """
        parts = re.split(r"([\n\t])", message)
        parts[::2] = map(one_line, parts[::2])
        self._write("I", place, "".join(parts))

    def remark(self, place: str, message: str) -> None:
        """Log a warning, escaped to one line."""
        self._write("W", place, one_line(message))

    def fail(self, place: str, message: str) -> None:
        """Log an error, escaped to one line."""
        self._write("E", place, one_line(message))

    def progress(self, text: str) -> None:
        """Show a text below the log of a terminal, at most every _REFRESH seconds."""
        now = time.monotonic()
        if not self.is_terminal or now < self._next_update:
            return
        self._next_update = now + _REFRESH
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
    """Escape what would start a new line or move a terminal's cursor."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def number(value: float) -> str:
    """Format a number as C++ streams do: six significant digits."""
    return f"{value:.6g}"
