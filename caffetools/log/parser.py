"""Parse a log in one pass, from a file or in pieces."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from itertools import compress
from typing import IO

from caffetools.errors import CaffeToolsError, Location
from caffetools.log.collector import LogCollector, LogContents
from caffetools.log.events import is_crash
from caffetools.log.patterns import Block
from caffetools.log.prefix import LINE, Message, messages
from caffetools.log.text import LogText

_CREATED = re.compile(r"Log file created at: ([0-9]{4})/([0-9]{2})/([0-9]{2})")
_GLOGS_OWN = re.compile(
    r"Log line format: |Running on machine: |Running duration |WARNING: Logging before "
    r"|\*\*\* Check failure stack trace| +@ +(?:0x[0-9a-f]+|\(nil\)) "
)


def read_log(
    source: str | os.PathLike[str] | IO[bytes],
    year: int | None = None,
    tell: Callable[[int], None] | None = None,
) -> LogContents:
    """Read a log: a path (also of gzip's or xz's data), `-` for standard input, or a binary file.

    `year` is that of the first line, if the log does not contain it. `tell` is called again and
    again with how many bytes of the file have been read. Raises CaffeToolsError
    if it cannot be read, or has no message of Caffe.
    """
    text = LogText(source)
    contents = read_any(text, year, tell)
    if contents.is_empty:
        raise CaffeToolsError(
            "expected a log of Caffe, found no message of it", Location(text.name)
        )
    return contents


def read_any(
    text: LogText, year: int | None = None, tell: Callable[[int], None] | None = None
) -> LogContents:
    """Read any text as a log."""
    parser = LogParser(text.name, year)
    for chunk in text.chunks():
        parser.feed(chunk)
        if tell is not None:
            tell(text.position)
    if text.cut_short:
        parser.cut("the compressed data stops before its end")
    return parser.end()


class LogParser:
    """Reads a log in pieces of whole lines, as they come."""

    def __init__(self, name: str = "<log>", year: int | None = None) -> None:
        self.name = name
        self._readers = LogCollector(year)
        self._lines = 0
        self._skipped = 0

    def feed(self, text: str) -> None:
        """The next lines of the log."""
        if not text.endswith("\n"):
            text += "\n"
        form = self._readers.solver.block
        if form:
            self._read_blocks(form, *form.split(text))
        else:
            self._read_text(text)

    def cut(self, reason: str) -> None:
        """The log was cut off here."""
        self._readers.add_event("cut", Message(self._lines, reason))

    def end(self) -> LogContents:
        """All that was read, now that the log has ended."""
        self._end_echo()
        return self._readers.end(self.name, self._lines, self._skipped)

    def _read_blocks(self, form: Block, between: list[str], columns: list[list[str]]) -> None:
        """Iterations of one form, and the lines that stand between them."""
        solver = self._readers.solver
        solver.offer(form, columns)
        start = 0
        for i in [*compress(range(len(between) - 1), between), len(between) - 1]:
            if i > start:
                self._end_echo()
                self._lines += (i - start) * form.lines
                solver.advance(i)
            self._read_between(between[i])
            start = i

    def _read_between(self, text: str) -> None:
        """Lines between iterations: most often those of a test."""
        end = 0
        if not self._readers.echo.is_open:
            lines = 1
            while lines and end < len(text):
                end, lines = self._readers.solver.take_test(text, end)
                self._lines += lines
        if end < len(text):
            self._read_text(text[end:])

    def _read_text(self, text: str) -> None:
        """Lines, one by one."""
        readers = self._readers
        for head, place, message, bare in LINE.findall(text):
            if not head:
                self._read_bare_lines(bare)
                continue
            self._lines += 1
            if readers.echo.is_open or "pp:" in message:
                self._read_line(f"{head} {place}] {message}")
            elif place not in readers.silent:
                readers.read(Message(self._lines, message, head, place))

    def _read_bare_lines(self, text: str) -> None:
        """Lines that do not begin with a prefix, though one may stand within them."""
        if self._readers.echo.is_open and "] " not in text:
            self._readers.echo.add(self._lines + 1, text[:-1])
            self._lines += text.count("\n")
            return
        for line in text.split("\n")[:-1]:
            self._lines += 1
            self._read_line(line)

    def _read_line(self, line: str) -> None:
        """The messages of a line, wherever in it they begin."""
        for message in messages(self._lines, line):
            self._read(message)

    def _read(self, message: Message) -> None:
        echo = self._readers.echo
        if not message.head and echo.is_open:
            echo.add(message.number, message.text)
        elif not message.head:
            self._read_bare(message)
        else:
            # Intel Caffe puts an empty message between an echo's head and its lines.
            if echo.is_open and (message.text.strip() or not echo.is_empty):
                self._end_echo()
            self._readers.read(message)

    def _read_bare(self, message: Message) -> None:
        """A line without a prefix: glog's own, another program's, or a message that lost it."""
        text = message.text
        if not text or text.isspace() or _GLOGS_OWN.match(text):
            return
        if created := _CREATED.match(text):
            self._readers.nets.end_nets()
            self._readers.turn_to("".join(created.groups()))
        elif is_crash(text):
            self._readers.add_event("fatal", message)
        elif not self._readers.read(message):
            self._skipped += 1

    def _end_echo(self) -> None:
        if self._readers.echo.is_open:
            for number, line in self._readers.end_echo():
                self._read_bare(Message(number, line))
