"""A curve: what the log tells at one iteration after another, in columns."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple

from caffetools.log.clock import Clock
from caffetools.log.column import Column, number


class Output(NamedTuple):
    """One number that a net puts out at each iteration; a vector is several of one name."""

    name: str
    weight: str = ""
    """With which it enters the loss, as printed; none for what is no loss."""


@dataclass(slots=True)
class Point:
    """One iteration's row of a curve as it is read, in the log's own words; "" is not told."""

    iteration: str
    time: str = ""
    loss: str = ""
    lr: str = ""
    speed: str = ""
    outputs: list[Output] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


class Row(NamedTuple):
    """One iteration's row of a curve; None is not told."""

    iteration: int
    time: str | None
    """ISO 8601, without its year where the log does not tell it."""
    seconds: float | None
    """Since the log's first line."""
    loss: float | None
    """The weighted total; of training, smoothed over average_loss iterations, as displayed."""
    lr: float | None
    speed: float | None
    """Iterations per second since the row before: as Caffe tells it, else by the times."""
    outputs: dict[str, list[float | None]]


def _speed(before: Row | None, row: Row) -> float | None:
    if before is None or before.seconds is None or row.seconds is None:
        return None
    seconds, iterations = row.seconds - before.seconds, row.iteration - before.iteration
    return iterations / seconds if seconds > 0 and iterations > 0 else None


class _Stretch(NamedTuple):
    """Rows, up to the next stretch, that tell the same outputs."""

    first_row: int
    outputs: tuple[Output, ...]


class Curve:
    """Rows in the order of the log; iterations go back where a run was resumed or begun anew."""

    def __init__(self, year: int | None = None, day: str = "") -> None:
        self.starts = array("q")
        """The rows before which the log says that a run starts."""
        self.restores = array("q")
        """The rows before which the log says that a run goes on from a snapshot."""
        self.days = [(0, day)] if day else []
        """The rows before which the log says what day it is, with its year perhaps."""
        self.origin = math.nan
        """When the log's first line was written, in the seconds of a Clock."""
        self._year = year
        self._iterations = Column()
        self._times = Column()
        self._losses = Column()
        self._lrs = Column()
        self._speeds = Column()
        self._values = Column()
        self._stretches: list[_Stretch] = []

    def __len__(self) -> int:
        return len(self._iterations)

    def append(self, point: Point) -> None:
        """Add one row."""
        self._use(tuple(point.outputs))
        self._iterations.append(point.iteration)
        self._times.append(point.time)
        self._losses.append(point.loss)
        self._lrs.append(point.lr)
        self._speeds.append(point.speed)
        self._values.extend(point.values, len(point.values))

    def extend(
        self,
        columns: Mapping[str, Sequence[str]],
        outputs: tuple[Output, ...],
        values: Sequence[Sequence[str]],
    ) -> None:
        """Add rows that tell the same: columns, by Point's names, and one for each output."""
        self._use(outputs)
        count = len(columns["iteration"])
        untold = ("",) * count
        self._iterations.extend(columns["iteration"], count)
        self._times.extend(columns["time"], count)
        self._losses.extend(columns.get("loss", untold), count)
        self._lrs.extend(columns.get("lr", untold), count)
        self._speeds.extend(columns.get("speed", untold), count)
        by_row = values[0] if len(values) == 1 else chain.from_iterable(zip(*values, strict=True))
        self._values.extend(by_row, count * len(outputs))

    def _use(self, outputs: tuple[Output, ...]) -> None:
        if not self._stretches or self._stretches[-1].outputs != outputs:
            self._stretches.append(_Stretch(len(self), outputs))

    def iterations(self) -> array[int]:
        """The iteration of each row."""
        return array("q", map(int, self._iterations))

    def seconds(self) -> array[float]:
        """When each row was written, in seconds since the log's first line; NaN where not told."""
        return array("d", (seconds for seconds, _ in self._moments()))

    def _moments(self) -> Iterator[tuple[float, str | None]]:
        """Of each row, the seconds since the log's first line and the time by ISO 8601."""
        clock = Clock(self._year)
        days = iter([*self.days, (len(self), "")])
        row, day = next(days)
        for i, time in enumerate(self._times):
            while row <= i:
                clock.turn_to(day)
                row, day = next(days)
            seconds = clock.seconds(time)
            told = not math.isnan(seconds)
            yield round(seconds - self.origin, 6), clock.iso(time) if told else None

    def losses(self) -> array[float]:
        """The loss of each row, NaN where it is not told."""
        return self._losses.floats()

    def lrs(self) -> array[float]:
        """The learning rate of each row, NaN where it is not told."""
        return self._lrs.floats()

    def sizes(self) -> dict[str, int]:
        """Of each output, in the order of their first row: how many numbers it has."""
        sizes: dict[str, int] = {}
        for stretch in self._stretches:
            names = [output.name for output in stretch.outputs]
            for name in dict.fromkeys(names):
                sizes[name] = max(sizes.get(name, 0), names.count(name))
        return sizes

    def weights(self) -> dict[str, float]:
        """With which weight each output that is a loss entered it last."""
        outputs = [output for stretch in self._stretches for output in stretch.outputs]
        weights = {output.name: number(output.weight) for output in outputs}
        return {name: weight for name, weight in weights.items() if weight is not None}

    def output(self, name: str, index: int = 0) -> array[float]:
        """One number of an output in each row, NaN where it is not told."""
        found = array("d")
        for outputs, row in self._values_by_row():
            places = [i for i, output in enumerate(outputs) if output.name == name]
            value = number(row[places[index]]) if index < len(places) else None
            found.append(math.nan if value is None else value)
        return found

    def rows(self) -> Iterator[Row]:
        """The rows, one after the other."""
        columns = zip(
            map(int, self._iterations),
            self._moments(),
            map(number, self._losses),
            map(number, self._lrs),
            map(number, self._speeds),
            self._values_by_row(),
            strict=True,
        )
        begins = {*self.starts, *self.restores}
        before: Row | None = None
        for index, column in enumerate(columns):
            iteration, (seconds, time), loss, lr, speed, (outputs, values) = column
            named: dict[str, list[float | None]] = {}
            for output, value in zip(outputs, values, strict=True):
                named.setdefault(output.name, []).append(number(value))
            if index in begins:
                # Caffe measures since it does not know when.
                before, speed = None, None
            row = Row(iteration, time, seconds if time else None, loss, lr, speed, named)
            before = row._replace(speed=speed if speed is not None else _speed(before, row))
            yield before

    def _values_by_row(self) -> Iterator[tuple[tuple[Output, ...], list[str]]]:
        values = iter(self._values)
        for index, stretch in enumerate(self._stretches):
            later = self._stretches[index + 1 : index + 2]
            end = later[0].first_row if later else len(self)
            for _ in range(stretch.first_row, end):
                yield stretch.outputs, list(islice(values, len(stretch.outputs)))
