"""Where a log stands that is still being written: its end, read as it comes.

Nothing is kept but the last of each number, and no byte is read again but those of an unfinished
line, so that a run of weeks is followed as a short one is.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import NamedTuple

from caffetools.log import forms
from caffetools.log.clock import Clock
from caffetools.log.column import number
from caffetools.log.events import LONGEST_MESSAGE, is_crash, kind_by_severity, kind_of
from caffetools.log.glog import Message, messages
from caffetools.log.tail import Pipe, Tail

PAUSE = 1.0
"""Seconds between two looks at the file, and at least between two states."""

_SHOWN_EVENTS = 5
_KEPT = 100
"""Test nets, and numbers of a net, that are kept at most."""

_LONGEST_FORECAST = 1e9
"""Seconds: what takes longer is no forecast."""

_MAX_ITER = re.compile(r"\s*max_iter:\s*([0-9]{1,18})\s*")


class LiveEvent(NamedTuple):
    """Something that happened."""

    iteration: int | None
    kind: str
    message: str


class Outputs:
    """The outputs of a net at one iteration, each number as it was printed."""

    def __init__(self, iteration: int | None = None) -> None:
        self.iteration = iteration
        self.values: dict[str, list[str]] = {}
        self._told: set[str] = set()

    def add(self, index: str, name: str, value: str) -> None:
        """One number; several nets of one process tell the same again."""
        if index not in self._told and len(self._told) < _KEPT:
            self._told.add(index)
            self.values.setdefault(name, []).append(value)


class Live:
    """Where a run stands, by the lines that have been fed."""

    def __init__(self) -> None:
        self.iteration: int | None = None
        """The last that training told."""
        self.loss = self.lr = ""
        """As printed, "" where not told."""
        self.train = Outputs()
        self.tests: dict[int, Outputs] = {}
        """The last test of each net."""
        self.speed: float | None = None
        """Iterations per second."""
        self.max_iter: int | None = None
        self.events: deque[LiveEvent] = deque(maxlen=_SHOWN_EVENTS)
        """The last ones."""
        self.event_count = 0
        self.is_done = False
        """Was a run's end the last that was told?"""
        self._test: Outputs | None = None
        self._clock = Clock()
        self._mark = 0, math.nan
        """The iteration whose loss was told last, and when."""

    @property
    def seconds_left(self) -> float | None:
        """Until max_iter at the speed of now; None where either is not known."""
        if self.max_iter is None or self.iteration is None or not self.speed or self.is_done:
            return None
        left = (self.max_iter - self.iteration) / self.speed
        return left if 0 <= left < _LONGEST_FORECAST else None

    def feed(self, text: str) -> None:
        """The next lines of the log."""
        for line in text.split("\n"):
            for message in messages(0, line[:LONGEST_MESSAGE]):
                self._read(message)

    def _read(self, message: Message) -> None:
        text = message.text
        if (
            ("=" in text and (self._read_iteration(message) or self._read_output(text)))
            or ("Test" in text and self._read_test(text))
            or (message.head and self._read_event(message))
        ):
            return
        if not message.head and (found := _MAX_ITER.fullmatch(text)):
            self.max_iter = int(found[1])
        elif not message.head and is_crash(text):
            self._add_event("fatal", text)

    def _read_iteration(self, message: Message) -> bool:
        found = forms.ITERATION.search(message.text)
        if not found:
            return False
        iteration, taken, _, what, value = found.groups(default="")
        if int(iteration) != self.iteration:
            self.iteration = int(iteration)
            self.train = Outputs()
        self.is_done = False
        setattr(self, what, value)
        if what == "loss":
            self._measure(message)
        if speed := forms.SPEED.match(taken):
            self.speed = number(speed[1])
        return True

    def _measure(self, message: Message) -> None:
        """The speed since the loss before."""
        assert self.iteration is not None
        at = self._clock.seconds(message.time)
        iterations, seconds = self.iteration - self._mark[0], at - self._mark[1]
        if iterations > 0 and seconds > 0:
            self.speed = iterations / seconds
        self._mark = self.iteration, at

    def _read_output(self, text: str) -> bool:
        found = forms.OUTPUT.search(text) or forms.OUTPUT_WITH_NOTE.search(text)
        if not found:
            return False
        outputs = self.train if found[1] == "Train" else self._test
        if outputs is not None:
            outputs.add(found[2], found[3], found[4])
        return True

    def _read_test(self, text: str) -> bool:
        """The head of a test, or what the first forms told of one."""
        if found := forms.TESTING.search(text):
            iteration = int(found[1]) if found[1] else self.iteration
            net = int(found[2] or 0)
            self._test = Outputs(iteration)
            if net in self.tests or len(self.tests) < _KEPT:
                self.tests[net] = self._test
        elif self._test is not None and (found := forms.TEST_LOSS.search(text)):
            self._test.add("loss", "loss", found[1])
        elif self._test is not None and (found := forms.TEST_SCORE.search(text)):
            self._test.add(found[1], "score", found[2])
        return found is not None

    def _read_event(self, message: Message) -> bool:
        text = message.text.strip()
        kind = kind_of(text) or kind_by_severity(message.severity, text)
        if kind in {"start", "restore", "resume"}:
            # Caffe measures since it does not know when.
            self._mark = 0, math.nan
            self.speed = None
            self.is_done = False
        elif kind == "done":
            self.is_done = True
        if kind:
            self._add_event(kind, text)
        return bool(kind)

    def _add_event(self, kind: str, text: str) -> None:
        self.event_count += 1
        self.events.append(LiveEvent(self.iteration, kind, text))


def follow(
    path: str, *, sleep: Callable[[float], object], clock: Callable[[], float]
) -> Iterator[Live]:
    """Where the log stands, at most once in PAUSE seconds of `clock`, until its run has ended.

    `-` is standard input, which is read to its end. The same object is given each time. It waits
    by `sleep`, which takes seconds, also for a file that is not there yet. Raises CaffeToolsError
    for what cannot be read.
    """
    live = Live()
    told = -math.inf
    with closing(Pipe(0) if path == "-" else Tail(path)) as lines:
        while True:
            text = lines.read()
            live.feed(text)
            if lines.is_ended or (not text and live.is_done and path != "-"):
                break
            if clock() - told >= PAUSE:
                told = clock()
                yield live
            if not text and path != "-":
                sleep(PAUSE)
    yield live
