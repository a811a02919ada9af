"""Recover the prototxt of nets and solvers that Caffe echoes into its log.

    I0902 22:52:17.931977 20791 net.cpp:39] Initializing net from parameters:
    name: "LogReg"
    layer {
    ...

glog cuts a message at 30,000 bytes, so the log holds the start of a large net alone: of that, the
whole fields are recovered.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from caffetools.log.prefix import Message

LONGEST = 1 << 23
"""Maximum length of an echo in characters."""

_HEAD = re.compile(r"\s*(?:Initializing (net|solver) from parameters|Net after transformation):")
_STATEMENT = re.compile(
    r"\s*(?:(?P<close>\})"
    r"|[\w./\[\]-]+\s*(?:(?P<open>:?\s*\{)"
    r"""|:\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[-+\w.]+)))\s*"""
)
_STUMP = re.compile(r"""\s*[\w./]+(?::\s*(?:["'][^"']*)?)?\s*""")
_NUMBERED = re.compile(r"\s*[0-9]+[.)] ")
_GLOG_LIMIT = 29_900
"""Minimum length of a truncated text: glog cuts at 30,000 bytes, prefix and head included."""


class Echo(NamedTuple):
    """The prototxt of a net or a solver in a log."""

    what: str
    """`net`, `solver`, or Intel Caffe's `transformed` net."""
    line: int
    """Line of the log above the text."""
    first_line: int
    """Line of the log where the text starts; lines of other programs are empty."""
    text: str
    cut: bool
    """Whether the text is truncated."""


class EchoReader:
    """Collects the consecutive lines of an echo."""

    def __init__(self) -> None:
        self.is_open = False
        """Whether the next lines belong to an echo."""
        self.what = ""
        """`net`, `solver` or `transformed`."""
        self._head = 0
        self._first = 0
        self._parts: list[str] = []
        self._size = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is no line yet."""
        return not self._parts

    def begin(self, message: Message) -> bool:
        """Open an echo if the message announces one."""
        found = _HEAD.match(message.text)
        if found:
            self.is_open = True
            self.what = found[1] or "transformed"
            self._head = message.number
            self._parts.clear()
            self._size = 0
        return found is not None

    def add(self, number: int, lines: str) -> None:
        """Add lines without a prefix, the first with this number."""
        if not self._parts:
            self._first = number
        if self._size < LONGEST:
            self._parts.append(lines)
            self._size += len(lines) + 1

    def end(self) -> tuple[Echo | None, list[tuple[int, str]]]:
        """Close the echo; return it and the lines that do not belong to it."""
        self.is_open = False
        text, cut, others = _recover("\n".join(self._parts))
        strange = [(self._first + offset, line) for offset, line in others]
        echo = Echo(self.what, self._head, self._first, text, cut) if text else None
        return echo, strange


@lru_cache(maxsize=32)
def _recover(lines: str) -> tuple[str, bool, tuple[tuple[int, str], ...]]:
    """The whole fields of an echo, whether it was cut, and the lines that are none of its own.

    Those leave empty lines. Logs of many runs echo the same again and again.
    """
    kept: list[str] = []
    others: list[tuple[int, str]] = []
    whole = depth = 0
    stump = False
    for line in lines.split("\n"):
        found = _STATEMENT.fullmatch(line)
        if not found and (numbered := _NUMBERED.match(line)):
            line = line[numbered.end() :]  # noqa: PLW2901
            found = _STATEMENT.fullmatch(line)
        if found and depth >= 0:
            depth += bool(found["open"]) - bool(found["close"])
        elif line.strip():
            others.append((len(kept), line))
        if line.strip():
            stump = not found and _STUMP.fullmatch(line) is not None
        kept.append(line if found else "")
        if depth == 0:
            whole = len(kept)
    if stump:
        others.pop()
    cut = depth > 0 or stump or len(lines) > _GLOG_LIMIT
    text = "\n".join(kept[:whole]).rstrip()
    return text + "\n" if text else "", cut, tuple(others)
