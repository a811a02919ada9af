"""Curves: loss, rate and outputs by iteration, stored in columns."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from typing import NamedTuple

from caffetools.log.curve_columns import Column, Part, Row, Speeds, by_name, number, numbers
from caffetools.log.times import Clock

_COLUMNS = ("iteration", "time", "loss", "lr", "speed")
_NEW = 512
"""Number of rows that are buffered before they are added to the columns."""
_PART = 4096
"""Maximum number of rows of a part."""


class Output(NamedTuple):
    """One number among a net's outputs; the elements of a vector share a name."""

    name: str
    weight: str = ""
    """The loss weight as printed; empty for other outputs."""


@dataclass(slots=True)
class Point:
    """One row of a curve as text from the log; "" where there is no value."""

    iteration: str
    time: str = ""
    loss: str = ""
    lr: str = ""
    speed: str = ""
    outputs: list[Output] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


class _Stretch(NamedTuple):
    """Rows with the same outputs, up to the next stretch."""

    first_row: int
    outputs: tuple[Output, ...]


class Curve:
    """Rows in the order of the log; iterations decrease where a run was resumed or restarted."""

    def __init__(self, year: int | None = None, day: str = "") -> None:
        self.starts = array("q")
        """Rows before which a run starts."""
        self.restores = array("q")
        """Rows before which a run resumes from a snapshot."""
        self.days = [(0, day)] if day else []
        """Rows before which the log has a date, possibly with its year."""
        self.origin = math.nan
        """Time of the log's first line in seconds of a Clock."""
        self._year = year
        self._new: list[Point] = []
        self._columns = {name: Column() for name in _COLUMNS}
        self._iterations = self._columns["iteration"]
        self._values = Column()
        self._stretches: list[_Stretch] = []

    def __len__(self) -> int:
        return len(self._iterations) + len(self._new)

    def append(self, point: Point) -> None:
        """Add one row."""
        self._new.append(point)
        if len(self._new) == _NEW:
            self._flush()

    def _flush(self) -> None:
        new, self._new = self._new, []
        for outputs, group in groupby(new, lambda point: point.outputs):
            points = list(group)
            columns = {name: [getattr(point, name) for point in points] for name in _COLUMNS}
            values = chain.from_iterable(point.values for point in points)
            self._add(columns, outputs, values)

    def extend(
        self,
        columns: Mapping[str, Sequence[str]],
        outputs: Sequence[Output],
        values: Sequence[Sequence[str]],
    ) -> None:
        """Add rows with the same outputs: columns by Point's fields, and one per output."""
        self._flush()
        one = len(values) == 1
        by_row = values[0] if one else chain.from_iterable(zip(*values, strict=True))
        self._add(columns, outputs, by_row)

    def _add(
        self,
        columns: Mapping[str, Sequence[str]],
        outputs: Sequence[Output],
        values: Iterable[str],
    ) -> None:
        """Add rows; `values` has all outputs of the first row, then those of the second."""
        if not self._stretches or self._stretches[-1].outputs != tuple(outputs):
            self._stretches.append(_Stretch(len(self._iterations), tuple(outputs)))
        count = len(columns["iteration"])
        for name, column in self._columns.items():
            column.extend(columns.get(name) or ("",) * count, count)
        self._values.extend(values, count * len(outputs))

    def iterations(self) -> array[int]:
        """Return the iteration of each row."""
        self._flush()
        return array("q", map(int, self._iterations))

    def sizes(self) -> dict[str, int]:
        """Return how many numbers each output has, in the order of their first row."""
        self._flush()
        sizes: dict[str, int] = {}
        for stretch in self._stretches:
            names = [output.name for output in stretch.outputs]
            for name in dict.fromkeys(names):
                sizes[name] = max(sizes.get(name, 0), names.count(name))
        return sizes

    def weights(self) -> dict[str, float]:
        """Return the last loss weight of each output that has one."""
        self._flush()
        outputs = [output for stretch in self._stretches for output in stretch.outputs]
        weights = {output.name: number(output.weight) for output in outputs}
        return {name: weight for name, weight in weights.items() if weight is not None}

    def rows(self) -> Iterator[Row]:
        """Yield the rows one by one."""
        return chain.from_iterable(part.rows() for part in self.parts())

    def parts(self) -> Iterator[Part]:
        """Yield the rows as parts of at most _PART rows."""
        self._flush()
        columns = {name: iter(column) for name, column in self._columns.items()}
        values, clock, speeds = iter(self._values), Clock(self._year), Speeds()
        begins = sorted({*self.starts, *self.restores})
        days = list(reversed(self.days))
        for start, end, outputs in self._spans():
            while days and days[-1][0] <= start:
                clock.turn_to(days.pop()[1])
            texts = {name: list(islice(column, end - start)) for name, column in columns.items()}
            iterations = list(map(int, texts["iteration"]))
            seconds, times = clock.moments(texts["time"], self.origin)
            speed = speeds.of(iterations, seconds, texts["speed"])
            for row in begins[bisect_left(begins, start) : bisect_left(begins, end)]:
                # The first speed after a start covers an unknown interval.
                speed[row - start] = None
            width = len(outputs)
            flat = list(islice(values, (end - start) * width))
            yield Part(
                iterations,
                times,
                seconds,
                texts["loss"],
                texts["lr"],
                speed,
                tuple(output.name for output in outputs),
                [flat[i::width] for i in range(width)],
            )

    def _spans(self) -> Iterator[tuple[int, int, tuple[Output, ...]]]:
        """Yield first row, end and outputs of rows with the same outputs, of one known day."""
        ends = [*(stretch.first_row for stretch in self._stretches[1:]), len(self)]
        turns = sorted({row for row, _ in self.days})
        for stretch, end in zip(self._stretches, ends, strict=False):
            start = stretch.first_row
            while start < end:
                turn = turns[bisect_right(turns, start) :][:1]
                stop = min(end, start + _PART, *turn)
                yield start, stop, stretch.outputs
                start = stop

    def last(self) -> Row | None:
        """Return the last row, without time and speed, and without reading the others."""
        if not len(self):
            return None
        self._flush()
        loss, lr = (number(self._columns[name].last(1)[0]) for name in ("loss", "lr"))
        outputs = self._stretches[-1].outputs
        values = numbers(self._values.last(len(outputs)))
        by_output = by_name((output.name for output in outputs), values)
        return Row(int(self._iterations.last(1)[0]), None, None, loss, lr, None, by_output)
