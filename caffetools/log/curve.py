"""A curve: what the log tells at one iteration after another, in columns."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import NamedTuple

from caffetools.log.clock import Clock
from caffetools.log.column import Column, number

_COLUMNS = ("iteration", "time", "loss", "lr", "speed")
_NEW = 512
"""So many rows that came one by one are put into the columns together."""


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


def _speed(before: Row | None, iteration: int, at: float | None) -> float | None:
    if before is None or before.seconds is None or at is None:
        return None
    seconds, iterations = at - before.seconds, iteration - before.iteration
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
            values = [point.values for point in points]
            self._add(columns, outputs, values)

    def extend(
        self,
        columns: Mapping[str, Sequence[str]],
        outputs: Sequence[Output],
        values: Sequence[Sequence[str]],
    ) -> None:
        """Add rows that tell the same: columns, by Point's names, and one for each output."""
        self._flush()
        self._add(columns, outputs, zip(*values, strict=True))

    def _add(
        self,
        columns: Mapping[str, Sequence[str]],
        outputs: Sequence[Output],
        values: Iterable[Sequence[str]],
    ) -> None:
        if not self._stretches or self._stretches[-1].outputs != tuple(outputs):
            self._stretches.append(_Stretch(len(self._iterations), tuple(outputs)))
        count = len(columns["iteration"])
        untold = ("",) * count
        for name, column in self._columns.items():
            column.extend(columns.get(name, untold), count)
        self._values.extend(chain.from_iterable(values), count * len(outputs))

    def iterations(self) -> array[int]:
        """The iteration of each row."""
        self._flush()
        return array("q", map(int, self._iterations))

    def seconds(self) -> array[float]:
        """When each row was written, in seconds since the log's first line; NaN where not told."""
        return array("d", (seconds - self.origin for seconds, _ in self._moments()))

    def _moments(self) -> Iterator[tuple[float, str | None]]:
        """Of each row, the seconds of the log's clock and the time by ISO 8601."""
        self._flush()
        return Clock(self._year).moments(self._columns["time"], self.days)

    def losses(self) -> array[float]:
        """The loss of each row, NaN where it is not told."""
        self._flush()
        return self._columns["loss"].floats()

    def lrs(self) -> array[float]:
        """The learning rate of each row, NaN where it is not told."""
        self._flush()
        return self._columns["lr"].floats()

    def sizes(self) -> dict[str, int]:
        """Of each output, in the order of their first row: how many numbers it has."""
        self._flush()
        sizes: dict[str, int] = {}
        for stretch in self._stretches:
            names = [output.name for output in stretch.outputs]
            for name in dict.fromkeys(names):
                sizes[name] = max(sizes.get(name, 0), names.count(name))
        return sizes

    def weights(self) -> dict[str, float]:
        """With which weight each output that is a loss entered it last."""
        self._flush()
        outputs = [output for stretch in self._stretches for output in stretch.outputs]
        weights = {output.name: number(output.weight) for output in outputs}
        return {name: weight for name, weight in weights.items() if weight is not None}

    def output(self, name: str, index: int = 0) -> array[float]:
        """One number of an output in each row, NaN where it is not told."""
        found = array("d")
        for outputs in self._outputs():
            values = outputs.get(name, ())
            value = values[index] if index < len(values) else None
            found.append(math.nan if value is None else value)
        return found

    def rows(self) -> Iterator[Row]:
        """The rows, one after the other."""
        self._flush()
        told = [self._columns[name].values() for name in ("loss", "lr", "speed")]
        columns = zip(
            map(int, self._iterations), self._moments(), *told, self._outputs(), strict=True
        )
        begins = {*self.starts, *self.restores}
        before: Row | None = None
        for index, (iteration, (moment, time), loss, lr, told_speed, outputs) in enumerate(columns):
            seconds = round(moment - self.origin, 6) if time else None
            if index in begins:
                # Caffe measures since it does not know when.
                speed = None
            else:
                speed = _speed(before, iteration, seconds) if told_speed is None else told_speed
            before = Row(iteration, time, seconds, loss, lr, speed, outputs)
            yield before

    def _outputs(self) -> Iterator[dict[str, list[float | None]]]:
        self._flush()
        values = self._values.values()
        ends = [*(stretch.first_row for stretch in self._stretches[1:]), len(self)]
        for stretch, end in zip(self._stretches, ends, strict=False):
            names = [output.name for output in stretch.outputs]
            for _ in range(stretch.first_row, end):
                found: dict[str, list[float | None]] = {}
                for name, value in zip(names, values, strict=False):
                    found.setdefault(name, []).append(value)
                yield found
