"""Progress of a run whose log is still being written.

Only the last value of each number is kept, so that following a run of weeks costs no more than a
short one.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from types import MappingProxyType
from typing import NamedTuple

from caffetools.log.curve import Point
from caffetools.log.curve_columns import by_name, number
from caffetools.log.events import LONGEST_MESSAGE, Event, event_iteration, event_kind, is_crash
from caffetools.log.prefix import Message, messages
from caffetools.log.solver_reader import SolverReader
from caffetools.log.tail import Pipe, Tail
from caffetools.log.times import Clock

PAUSE = 1.0
"""Seconds between two looks at the file, and at least between two states."""

_SHOWN_EVENTS = 5
_KEPT = 100
"""Test nets, and numbers of a net, that are kept at most."""

_LONGEST_FORECAST = 1e9
"""Seconds: what takes longer is no forecast."""

_NO_MARK = -1, math.nan
"""No loss since the start of the run."""

_MAX_ITER = re.compile(r"\s*max_iter:\s*([0-9]{1,18})\s*")


class Outputs(NamedTuple):
    """The outputs of a net at one iteration, each number as it was printed."""

    iteration: int | None = None
    values: Mapping[str, Sequence[str]] = MappingProxyType({})


class _OpenPoints(SolverReader):
    """The iteration and the test that are being read; completed ones are dropped, not stored."""

    def _end_train(self) -> None:
        self._train = None

    def _end_test(self) -> None:
        self._test = None

    def read(self, message: Message) -> bool:
        """Read a message of the solver; of very many outputs only the first are kept."""
        point = self._test or self._train
        if point and len(point.values) >= _KEPT and "net output" in message.text:
            return True
        return self.read_iteration(message) or self.read_output(message)

    def point(self) -> tuple[Point | None, int | None]:
        """The open point and the number of its test net, None for the training net."""
        return (self._train, None) if self._test is None else (self._test, self._test_net)


class Live:
    """Progress of a run, by the lines fed so far."""

    def __init__(self) -> None:
        self.iteration: int | None = None
        """The last iteration of training."""
        self.loss = self.lr = ""
        """As printed, "" if unknown."""
        self.train = Outputs()
        self.tests: dict[int, Outputs] = {}
        """The last test of each net."""
        self.speed: float | None = None
        """Iterations per second."""
        self.max_iter: int | None = None
        self.events: deque[Event] = deque(maxlen=_SHOWN_EVENTS)
        """The last ones."""
        self.event_count = 0
        self.is_done = False
        """Whether the run has ended."""
        self._solver = _OpenPoints()
        self._clock = Clock()
        self._mark = _NO_MARK
        """The iteration of the last loss, and its time."""

    @property
    def seconds_left(self) -> float | None:
        """Seconds until max_iter at the current speed, None if unknown."""
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
        if ("=" in text or "Test" in text) and self._solver.read(message):
            self._show_point(message)
        elif message.head:
            self._read_event(message)
        elif found := _MAX_ITER.fullmatch(text):
            self.max_iter = int(found[1])
        elif is_crash(text):
            self._add_event("fatal", text)

    def _show_point(self, message: Message) -> None:
        """Take over what the solver's reader knows of the open iteration or test."""
        point, net = self._solver.point()
        if point is None:
            return
        iteration: int | None = int(point.iteration)
        values = by_name((output.name for output in point.outputs), point.values)
        if net is not None:
            known = self.tests.get(net)
            if self.iteration is None and "Iteration" not in message.text:
                iteration = known and known.iteration  # the first versions do not print it
            if known or len(self.tests) < _KEPT:
                values = {"loss": [point.loss]} if point.loss else values
                self.tests[net] = Outputs(iteration, values)
            return
        self.is_done = False
        self.iteration, self.train = iteration, Outputs(iteration, values)
        self.loss, self.lr = point.loss or self.loss, point.lr or self.lr
        if point.loss and self._mark[0] != iteration:
            self._measure(message)
        if point.speed:
            self.speed = number(point.speed)

    def _measure(self, message: Message) -> None:
        """Set the speed since the loss before."""
        assert self.iteration is not None
        at = self._clock.seconds(message.time)
        iterations, seconds = self.iteration - self._mark[0], at - self._mark[1]
        if iterations > 0 and seconds > 0:
            self.speed = iterations / seconds
        self._mark = self.iteration, at

    def _read_event(self, message: Message) -> None:
        text = message.text.strip()
        kind = event_kind(message.severity, text)
        if kind in {"start", "restore", "resume"}:
            # The first speed after a start covers an unknown interval.
            self._mark = _NO_MARK
            self.speed = None
            self.is_done = False
        elif kind == "done":
            self.is_done = True
        if kind:
            self._add_event(kind, text)

    def _add_event(self, kind: str, text: str) -> None:
        if kind == "snapshot" and "solver state" in text:
            return  # its .caffemodel was listed on the line before
        self.event_count += 1
        self.events.append(Event(0, kind, text, event_iteration(kind, text, self.iteration)))


def follow(
    path: str, *, sleep: Callable[[float], object], clock: Callable[[], float]
) -> Iterator[Live]:
    """Yield the progress, at most once in PAUSE seconds of `clock`, until the run has ended.

    `-` is standard input, which is read to its end. The same object is given each time. It waits
    by `sleep`, which takes seconds, also for a file that is not there yet. Raises CaffeToolsError
    for what cannot be read.
    """
    live = Live()
    last = -math.inf
    with closing(Pipe(0) if path == "-" else Tail(path)) as lines:
        while True:
            text = lines.read()
            live.feed(text)
            if lines.is_ended or (not text and live.is_done and path != "-"):
                break
            if clock() - last >= PAUSE:
                last = clock()
                yield live
            if not text and path != "-":
                sleep(PAUSE)
    yield live
