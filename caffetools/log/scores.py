"""The output of `caffe test` of all versions: outputs of each batch, and their means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from caffetools.log import patterns
from caffetools.log.curve import Curve, Output, Point
from caffetools.log.prefix import Message

_BATCH = re.compile(r"Batch ([0-9]{1,9}), (.+?)(?: = |: ?)(\S+)\s*$")
_LOSS = re.compile(r"Loss: (\S+)")
_MEAN = re.compile(r"\s*(.+) = (\S+?)(?: \(\* (\S+) = \S+ loss\))?\s*$")
_FIRST_MEAN = re.compile(r"(?:Test )?(Score|accuracy): ?(\S+)\s*$")
PROGRAMS = ("caffe.cpp", "test_net.cpp")


@dataclass(slots=True)
class Score:
    """The means of one run of `caffe test`, as printed."""

    line: int
    loss: str = ""
    outputs: list[Output] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


class Scores:
    """Folds the messages of `caffe test` into a curve of its batches, and their means."""

    def __init__(self, year: int | None = None) -> None:
        self.batches = Curve(year)
        """A row for each batch: `iteration` is its number."""
        self._found: list[Score] = []
        self._batch: Point | None = None
        self._score: Score | None = None
        self._classes: list[tuple[str, str]] = []
        """Classes and scores of the output that is printed next."""

    def read(self, message: Message) -> bool:
        """Read a message of `caffe test`; return whether it is one."""
        text = message.text
        if found := _BATCH.match(text):
            self._read_batch(message, *found.groups())
        elif found := _LOSS.match(text):
            self._score = None
            self._mean(message).loss = found[1]
        elif found := patterns.OUTPUT.search(text):
            for number, value in self._classes:
                self._add(message, Output(f"{found[3]} class AP {number}"), value)
            self._classes.clear()
            self._add(message, Output(found[3], found[5] or ""), found[4])
        elif found := patterns.CLASS_SCORE.match(text):
            self._classes.append((found[1], found[2]))
        elif found := _FIRST_MEAN.match(text):
            self._add(message, Output(found[1].lower()), found[2])
        elif found := _MEAN.match(text):
            self._add(message, Output(found[1], found[3] or ""), found[2])
        return found is not None

    def turn_to(self, day: str) -> None:
        """Set the date of the following messages, `mmdd` or `yyyymmdd`."""
        self._end_batch()
        self.batches.turn_to(day)

    def end(self) -> list[Score]:
        """Return all results at the end of the log."""
        self._end_batch()
        return self._found

    def _read_batch(self, message: Message, batch: str, name: str, value: str) -> None:
        self._score = None
        if self._batch is None or self._batch.iteration != batch:
            if self._batch is None:
                self.batches.starts.append(len(self.batches))
            self._end_batch()
            self._batch = Point(batch, message.time)
        self._batch.outputs.append(Output(name))
        self._batch.values.append(value)

    def _add(self, message: Message, output: Output, value: str) -> None:
        score = self._mean(message)
        score.outputs.append(output)
        score.values.append(value)

    def _mean(self, message: Message) -> Score:
        self._end_batch()
        if self._score is None:
            self._score = Score(message.number)
            self._found.append(self._score)
        return self._score

    def _end_batch(self) -> None:
        if self._batch is not None:
            self.batches.append(self._batch)
        self._batch = None
