"""Infer which Caffe wrote a log from the source lines that printed its messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from caffetools.log.prefix import Message

RELEASES = (
    ("v0.1", date(2013, 10, 9)),
    ("v0.9", date(2014, 2, 26)),
    ("v0.99", date(2014, 3, 19)),
    ("v0.999", date(2014, 5, 20)),
    ("v0.9999", date(2014, 8, 8)),
    ("rc", date(2014, 9, 18)),
    ("rc2", date(2015, 2, 20)),
    ("rc3", date(2016, 1, 29)),
    ("rc4", date(2017, 1, 19)),
    ("rc5", date(2017, 2, 20)),
    ("1.0", date(2017, 4, 15)),
)
"""Caffe's releases, with the dates of their commits."""

_EPOCH = date(2013, 1, 1)
_TODAY = 9999
_GAPS = 0.05
"""Maximum share of messages that do not match because the table has gaps."""
_STRANGE = 0.2
"""Maximum share of messages at unknown source lines in a modified master."""


class Age(NamedTuple):
    """Which Caffe wrote a log."""

    first: date | None = None
    """First day of BVLC Caffe's master; None for a fork, or if unknown."""
    last: date | None = None
    """Last day; None for today."""
    release: str | None = None
    """The release, or the releases before and after; the name that a fork gives itself."""
    fork: str | None = None
    """Why it is a fork or a modified master."""
    nearest: tuple[date, date | None] | None = None
    """The days of the master that the fork matches best."""
    differing: int = 0
    """How many messages no master of those days prints at their source lines."""


class _Form(NamedTuple):
    """A message of master."""

    constants: tuple[str, ...]
    """The constant parts, in order."""
    days: dict[int, tuple[int, int]]
    """The first and last day of each source line that printed it."""

    def fits(self, text: str) -> bool:
        """Whether a message has this form; text after it is ignored."""
        first, *others = self.constants
        at = len(first) if text.startswith(first) else -1
        for constant in others:
            found = text.find(constant, at) if at >= 0 else -1
            at = found + len(constant) if found >= 0 else -1
        return at >= 0


@cache
def _line_table() -> dict[str, list[str]]:
    """The lines of `line_table.txt` by source file; `proto/compile_log_lines.py` writes it."""
    path = Path(__file__).with_name("line_table.txt")
    _, *paragraphs = path.read_text(encoding="utf-8").rstrip("\n").split("\n\n")
    return {name: lines for name, *lines in (text.split("\n") for text in paragraphs)}


@cache
def _forms(file: str) -> list[_Form]:
    """The messages of a source file."""
    found = []
    for text in _line_table().get(file, ()):
        message, _, places = text.partition("\t")
        # How the table spaces what varies is not how Caffe does.
        constants = tuple(part.strip() for part in message.split("<*>"))
        if len("".join(constants)) < 2:
            continue  # it would fit any message
        numbers = [tuple(map(int, re.split("[:-]", place))) for place in places.split()]
        found.append(_Form(constants, {line: (first, last) for line, first, last in numbers}))
    return found


def age(messages: Iterable[Message], name: str | None = None) -> Age:
    """Which Caffe wrote a log, of the first message of each source line that it tells.

    `name` is what a fork calls itself. A message that no master has tells nothing, for anybody may
    add some. One that master has, though never at that line, tells of a fork; so do lines that
    stood together on no day.
    """
    days: list[list[tuple[int, int]]] = []
    strange: list[Message] = []
    for message in messages:
        text = message.text.strip()
        forms = [form for form in _forms(message.file) if form.fits(text)]
        there = [form.days[message.line] for form in forms if message.line in form.days]
        if there:
            days.append(there)
        elif forms:
            strange.append(message)
    if not days and not strange and not name:
        return Age()
    first, last, agreeing = _best(days)
    known = len(days) + len(strange)
    misfits = known - agreeing
    reason = _reason(strange, misfits) if strange or misfits > _GAPS * known else None
    differing = misfits if reason else 0
    if name or misfits > _STRANGE * known:
        nearest = (_date(first), None if last == _TODAY else _date(last)) if days else None
        fork = f"it calls itself {name}" if name else reason
        return Age(release=name, fork=fork, nearest=nearest, differing=differing)
    until = None if last == _TODAY else _date(last)
    release = _release(_date(first), _date(last))
    return Age(_date(first), until, release, reason, differing=differing)


def _best(days: Sequence[Sequence[tuple[int, int]]]) -> tuple[int, int, int]:
    """The range of days on which most of the messages were printed, and how many of them were.

    A message that is of several forms is of one of them.
    """
    best = (0, _TODAY, 0)
    for day in sorted({first for ranges in days for first, _ in ranges}):
        there = [span for ranges in days for span in ranges if span[0] <= day <= span[1]]
        count = sum(any(first <= day <= last for first, last in ranges) for ranges in days)
        if count > best[2]:
            first, last = max(first for first, _ in there), min(last for _, last in there)
            best = (first, last, count)
    return best


def _reason(strange: Sequence[Message], misfits: int) -> str | None:
    if strange:
        one = strange[0]
        others = f", nor {len(strange) - 1} others where they stand" if strange[1:] else ""
        return f"no master prints {one.text.strip()[:60]!r} at {one.file}:{one.line}{others}"
    return f"{misfits} of its source lines stood there on other days" if misfits else None


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)


def _release(first: date, last: date) -> str:
    within = [name for name, day in RELEASES if first <= day <= last]
    if within:
        return ", ".join(within)
    before = [name for name, day in RELEASES if day < first]
    after = [name for name, day in RELEASES if day > last]
    if not before:
        return f"before {after[0]}"
    return f"after {before[-1]}, before {after[0]}" if after else f"after {before[-1]}"
