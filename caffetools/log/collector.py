"""Pass each message to the reader that knows it, and collect what a log contains."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from caffetools.log.age import Age, age
from caffetools.log.curve import Curve
from caffetools.log.diagnostics import DebugMeans, Timings
from caffetools.log.echo_reader import Echo, EchoReader
from caffetools.log.events import LONGEST_MESSAGE, Event, Events, event_iteration, event_kind
from caffetools.log.logged_net import LoggedNet
from caffetools.log.net_reader import NetReader
from caffetools.log.prefix import Message
from caffetools.log.scores import PROGRAMS, Score, Scores
from caffetools.log.solver_reader import SolverReader
from caffetools.log.times import Clock

_FORK = re.compile(r"This is (NVCaffe \S+) started at \w+ ([A-Z]\w\w) +([0-9]{1,2}) \S+ ([0-9]{4})")
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_DEVICE = re.compile(r"\s*[\[(][0-9][0-9. ]*[\])] ?")
"""NVCaffe's mark of a device: `[0]`, `(0)`, `[0.0]`."""
_SPEAKING = frozenset(
    ("net.cpp", "solver.cpp", "sgd_solver.cpp", "parallel.cpp", "layer_factory.hpp", *PROGRAMS)
)
"""Source files whose messages the readers know; other unknown places are skipped later."""
_PLACES = 4000
"""Maximum number of source lines kept to infer Caffe's version."""
Reader = Callable[[Message], bool]
"""Reads a message and returns whether it knows it."""


class LogCollector:
    """Passes each message to the reader that knows it, by place or first word."""

    def __init__(self, year: int | None = None) -> None:
        self.silent: set[str] = set()
        """Source lines of other files whose messages are ignored."""
        self.nets = NetReader()
        self.solver = SolverReader(year, self.silent)
        self.scores = Scores(year)
        self.timings = Timings()
        self.debug = DebugMeans()
        self.events = Events()
        self.echo = EchoReader()
        self._solvers: list[Echo] = []
        self._clock = Clock(year)
        self._origin = math.nan
        self._day = ""
        """The last date, if one is known."""
        self._by_place: dict[str, Reader] = {}
        self._first: dict[str, Message] = {}
        """The first message of each place."""
        self._fork: str | None = None
        nets, solver = self.nets, self.solver
        self._by_word: dict[str, Reader] = {
            "Iteration": solver.read_iteration,
            "Testing": lambda m: solver.read_testing(m) or self.timings.read(m),
            **dict.fromkeys(("Train", "Test"), solver.read_output),
            "class": solver.read_class_score,
            "Creating": nets.read_source,
            "Created": nets.read_layer,
            "Input": nets.read_input,
            "Setting": nets.read_set_up,
            "Top": lambda m: nets.read_shape(m) or nets.read_memory(m),
            **dict.fromkeys(("TRAIN", "TEST"), nets.read_shape),
            "with": nets.read_weight,
            "Memory": nets.read_memory,
            "This": lambda m: nets.read_output(m) or self._read_fork(m),
            "Sharing": nets.read_sharing,
            "Network": nets.read_done,
            **dict.fromkeys(("Initializing", "Net"), self._begin_echo),
            **dict.fromkeys(
                ("[Forward]", "[Backward]", "[Update]"),
                lambda m: self.debug.read(m, *solver.row_and_next),
            ),
        }

    def read(self, message: Message) -> bool:
        """Read a message; return whether it is known."""
        # A source line always prints the same form.
        reader = self._by_place.get(message.place)
        return (reader is not None and reader(message)) or self._find_reader(message)

    def _find_reader(self, message: Message) -> bool:
        words = message.text.split(None, 1)
        word = words[0] if words else ""
        if word.startswith(("[", "(")) and (device := _DEVICE.match(message.text)):
            return self._find_reader(message._replace(text=message.text[device.end() :]))
        if message.head and message.place not in self._first:
            self._note_place(message)
        named = self._by_word.get(word)
        for reader in (named, self._read_other, self._read_event):
            if reader is not None and reader(message):
                self._learn_place(message, reader)
                return True
        is_silent = named is None and message.place and message.file not in _SPEAKING
        if is_silent and len(self.silent) < _PLACES:
            self.silent.add(message.place)
        return False

    def _learn_place(self, message: Message, reader: Reader) -> None:
        if message.place and len(self._by_place) < _PLACES:
            self._by_place[message.place] = reader

    def _note_place(self, message: Message) -> None:
        if len(self._first) < _PLACES:
            self._first[message.place] = message
        if math.isnan(self._origin):
            # A year comes too late for lines that were placed without one.
            if not self._day and not self._read_fork(message):
                self.turn_to(message.time.partition(" ")[0])
            self._origin = self._clock.seconds(message.time)

    def _read_other(self, message: Message) -> bool:
        """Read a message that begins with a layer's name, or that several programs print."""
        if not message.head or message.place.startswith("net.cpp"):
            return self.nets.read_other(message)
        text = message.text
        return (
            ("ward" in text and self.timings.read(message))
            or (text.startswith("class") and self.solver.read_class_score(message))
            or (message.file in PROGRAMS and self.scores.read(message))
        )

    def _read_event(self, message: Message) -> bool:
        text = message.text.strip()
        kind = event_kind(message.severity, text)
        if text.startswith("Solving"):
            self.nets.end_nets()
            self.solver.start_run()
        elif kind in {"restore", "resume"}:
            self.solver.restore()
        if kind:
            self.add_event(kind, message)
        return bool(kind)

    def add_event(self, kind: str, message: Message) -> None:
        """Add the event of a message."""
        seconds = self._clock.seconds(message.time) - self._origin
        since = None if math.isnan(seconds) else round(seconds, 6)
        text = message.text.strip()[:LONGEST_MESSAGE]
        iteration = event_iteration(kind, text, self.solver.iteration)
        self.events.add(Event(message.number, kind, text, iteration, since))

    def _begin_echo(self, message: Message) -> bool:
        if not self.echo.begin(message):
            return False
        if self.echo.what == "solver":
            self.nets.end_nets()
        elif self.echo.what == "net":
            self.nets.begin_echo(message)
        return True

    def end_echo(self) -> list[tuple[int, str]]:
        """Close the open echo; return the lines that do not belong to it."""
        echo, strange = self.echo.end()
        if echo and echo.what == "net":
            self.nets.add_echo(echo)
        elif echo and echo.what == "solver":
            self._solvers.append(echo)
        return strange

    def _read_fork(self, message: Message) -> bool:
        found = _FORK.match(message.text)
        if not found:
            return False
        self._fork = found[1]
        if found[2] in _MONTHS:
            month = _MONTHS.index(found[2]) // 3 + 1
            self.turn_to(f"{found[4]}{month:02}{int(found[3]):02}")
        return True

    def turn_to(self, day: str) -> None:
        """Set the date of the following messages, `mmdd` or `yyyymmdd`."""
        self._day = day
        self._clock.turn_to(day)
        self.solver.turn_to(day)
        self.scores.turn_to(day)

    def end(self, name: str, lines: int, skipped: int) -> LogContents:
        """Return the contents at the end of the log."""
        self.solver.end_points()
        for curve in (*self.solver.curves(), self.scores.batches):
            curve.origin = self._origin
        return LogContents(
            name=name,
            places=tuple(self._first.values()),
            fork=self._fork,
            nets=tuple(self.nets.end()),
            solvers=tuple(self._solvers),
            train=self.solver.train,
            tests=dict(sorted(self.solver.tests.items())),
            batches=self.scores.batches,
            scores=tuple(self.scores.end()),
            timings=self.timings,
            debug_info=self.debug,
            events=tuple(self.events.kept),
            event_counts=dict(self.events.counts),
            epoch=self.solver.epoch,
            lines=lines,
            skipped_lines=skipped,
        )


@dataclass(frozen=True)
class LogContents:
    """The contents of a log."""

    name: str
    """The log's file."""
    places: tuple[Message, ...]
    """The first message of each source line."""
    fork: str | None
    """What a fork calls itself."""
    nets: tuple[LoggedNet, ...]
    solvers: tuple[Echo, ...]
    """Each solver that the log echoes."""
    train: Curve
    tests: Mapping[int, Curve]
    """By the number of the test net."""
    batches: Curve
    """Output of `caffe test` per batch; `iteration` is the batch."""
    scores: tuple[Score, ...]
    """Results of `caffe test`."""
    timings: Timings
    debug_info: DebugMeans
    events: tuple[Event, ...]
    event_counts: Mapping[str, int]
    """Number of events by kind; of frequent kinds only the first events are kept."""
    epoch: tuple[int, float] | None
    """An iteration and its epoch, if the log has epochs."""
    lines: int
    skipped_lines: int
    """Lines of other programs."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no message of Caffe: neither a glog prefix nor a known text."""
        parts = (self.places, self.nets, self.solvers, self.tests, self.scores)
        return not (any(parts) or len(self.train) or len(self.batches) or len(self.timings))

    @cached_property
    def caffe(self) -> Age:
        """Which Caffe wrote the log."""
        return age(self.places, self.fork)
