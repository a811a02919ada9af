"""Events of a log: starts, resumes and ends of runs, snapshots, errors."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

KEPT = 2000
"""Maximum number of events kept per kind; more are only counted."""

LONGEST_MESSAGE = 1000
"""Maximum length of a message."""

_KINDS = (
    ("start", r"Solving\b|\*\*\* Benchmark begins \*\*\*"),
    ("restore", r"Restoring previous solver status from "),
    ("resume", r"Resuming from "),
    ("finetune", r"Finetuning from |Loading from "),
    ("snapshot", r"Snapshotting "),
    ("done", r"Optimization Done\b|\*\*\* Benchmark ends \*\*\*"),
    ("stopped", r"Optimization stopped early"),
    ("interrupted", r"Test interrupted"),
    ("rate", r"(?:MultiStep|Plateau) Status: "),
)
_KIND = re.compile("|".join(f"(?P<{kind}>{form})" for kind, form in _KINDS))

_OWN_ITERATION = re.compile(r".*_iter_([0-9]{1,18})\b")

_CRASH = re.compile(
    r"\*\*\* (?:SIG\w+|Aborted at)|Segmentation fault|terminate called|Killed$|Aborted\b"
    r"|Traceback \(most recent call last\)|\w*Error: |.*: error: "
)
"""A line without a prefix that reports a crash."""

_NO_ERROR = re.compile(
    r"Starting Optimization|Using (?:GPU|CPU|momentum|Device)|Running \d+|Testing for|Performing"
    r"|Attempting to upgrade|Note that future|Successfully upgraded|Input NetParameter|Warning: had"
    r"|Setting up|This network produces|Network init|Total Time|(?:Forward|Backward) pass"
    r"|Initial loss"
)
"""Messages that the first versions of Caffe log as errors, though they are none."""


class Event(NamedTuple):
    """An event and its line in the log."""

    line: int
    kind: str
    """start, restore, resume, finetune, snapshot, rate, done, stopped, interrupted, warning, error,
    fatal or cut."""
    message: str
    iteration: int | None = None
    """That of a snapshot, saved or restored; of any other event the last one before it."""
    seconds: float | None = None
    """Since the log's first line."""
    times: int = 1
    """How often the log has this warning: some are printed in each forward pass."""


class Events:
    """The events of a log, as they come; a warning that is repeated is one event."""

    def __init__(self) -> None:
        self.kept: list[Event] = []
        self.counts: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()
        self._warnings: dict[str, int] = {}

    def add(self, event: Event) -> None:
        """One more event."""
        self.counts[event.kind] += 1
        place = self._warnings.get(event.message) if event.kind == "warning" else None
        if place is not None:
            first = self.kept[place]
            self.kept[place] = first._replace(times=first.times + 1)
        elif self._kept[event.kind] < KEPT:
            self._kept[event.kind] += 1
            if event.kind == "warning":
                self._warnings[event.message] = len(self.kept)
            self.kept.append(event)


def event_kind(severity: str, text: str) -> str:
    """Return the kind of event of a message by its text, else by its severity; "" for none."""
    return kind_of(text) or kind_by_severity(severity, text)


def kind_of(text: str) -> str:
    """Return the kind of event of a message, "" for none."""
    found = _KIND.match(text.lstrip())
    return found.lastgroup or "" if found else ""


def event_iteration(kind: str, text: str, last: int | None) -> int | None:
    """Return the iteration that a snapshot's file is named by, which need not be a displayed one.

    Events of other kinds are of the last iteration.
    """
    own = _OWN_ITERATION.match(text) if kind in {"snapshot", "restore", "resume"} else None
    return int(own[1]) if own else last


def kind_by_severity(severity: str, text: str) -> str:
    """Return the kind of an otherwise unknown message, "" for an ordinary one."""
    if severity == "F":
        return "fatal"
    if severity == "E" and not _NO_ERROR.match(text.lstrip()):
        return "error"
    return "warning" if severity == "W" else ""


def is_crash(text: str) -> bool:
    """Whether a line without a prefix reports a crash."""
    return _CRASH.match(text) is not None
