"""A curve: what the log tells at one iteration after another, in columns."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from typing import NamedTuple

from caffetools.log.clock import Clock
from caffetools.log.column import Column, number
from caffetools.log.rows import Part, Row, Speeds, by_name

_COLUMNS = ("iteration", "time", "loss", "lr", "speed")
_NEW = 512
"""So many rows that came one by one are put into the columns together."""
_PART = 4096
"""So many rows are taken out of the columns together."""


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
            values = chain.from_iterable(point.values for point in points)
            self._add(columns, outputs, values)

    def extend(
        self,
        columns: Mapping[str, Sequence[str]],
        outputs: Sequence[Output],
        values: Sequence[Sequence[str]],
    ) -> None:
        """Add rows that tell the same: columns, by Point's names, and one for each output."""
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
        """The iteration of each row."""
        self._flush()
        return array("q", map(int, self._iterations))

    def seconds(self) -> array[float]:
        """When each row was written, in seconds since the log's first line; NaN where not told."""
        found = self._since_origin([moment for moment, _ in self._moments()])
        return array("d", (math.nan if seconds is None else seconds for seconds in found))

    def _moments(self) -> Iterator[tuple[int | None, str | None]]:
        """Of each row, the microseconds of the log's clock and the time by ISO 8601."""
        self._flush()
        return Clock(self._year).moments(self._columns["time"], self.days)

    def _since_origin(self, moments: Iterable[int | None]) -> list[float | None]:
        """Microseconds of the log's clock as seconds since the log's first line."""
        if math.isnan(self.origin):
            return [None for _ in moments]
        origin = round(self.origin * 1e6)
        return [None if moment is None else (moment - origin) / 1e6 for moment in moments]

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
        for size, outputs, numbers in self._numbers():
            places = [i for i, output in enumerate(outputs) if output.name == name]
            column = numbers[places[index]] if index < len(places) else [None] * size
            found.extend(math.nan if value is None else value for value in column)
        return found

    def rows(self) -> Iterator[Row]:
        """The rows, one after the other."""
        return chain.from_iterable(part.rows() for part in self.parts())

    def parts(self) -> Iterator[Part]:
        """The rows in columns, _PART of them at most at once."""
        iterations, moments, speeds = map(int, self._iterations), self._moments(), Speeds()
        losses, lrs, told = (self._columns[name].values() for name in ("loss", "lr", "speed"))
        begins = sorted({*self.starts, *self.restores})
        start = 0
        for size, outputs, numbers in self._numbers():
            here = list(islice(iterations, size))
            times = list(islice(moments, size))
            seconds = self._since_origin(moment for moment, _ in times)
            speed = speeds.of(here, seconds, list(islice(told, size)))
            for row in begins[bisect_left(begins, start) : bisect_left(begins, start + size)]:
                # Caffe measures since it does not know when.
                speed[row - start] = None
            yield Part(
                here,
                [time for _, time in times],
                seconds,
                list(islice(losses, size)),
                list(islice(lrs, size)),
                speed,
                tuple(output.name for output in outputs),
                numbers,
            )
            start += size

    def last(self) -> Row | None:
        """The last row but for its time and speed, found without going through the others."""
        if not len(self):
            return None
        self._flush()
        loss, lr = (number(self._columns[name].last(1)[0]) for name in ("loss", "lr"))
        outputs = self._stretches[-1].outputs
        values = map(number, self._values.last(len(outputs)))
        told = by_name((output.name for output in outputs), values)
        return Row(int(self._iterations.last(1)[0]), None, None, loss, lr, None, told)

    def _numbers(self) -> Iterator[tuple[int, tuple[Output, ...], list[list[float | None]]]]:
        """Of rows that tell the same, _PART at most: how many, the outputs, and their columns."""
        self._flush()
        values = self._values.values()
        ends = [*(stretch.first_row for stretch in self._stretches[1:]), len(self)]
        for stretch, end in zip(self._stretches, ends, strict=False):
            width = len(stretch.outputs)
            for start in range(stretch.first_row, end, _PART):
                size = min(_PART, end - start)
                flat = list(islice(values, size * width))
                yield size, stretch.outputs, [flat[i::width] for i in range(width)]
