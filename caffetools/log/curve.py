"""Curves: loss, rate and outputs by iteration, stored in columns."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple

from caffetools.log.curve_columns import Part, Row, Speeds, by_name, number
from caffetools.log.times import Clock

_COLUMNS = ("iteration", "time", "loss", "lr", "speed")
_NEW = 512
"""Number of rows that are buffered before they are added to the columns."""
_PART = 1024
"""Number of rows from which a part is closed: their text fits the processor's cache."""


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


class _Block:
    """Consecutive rows with the same outputs, as columns of text: _COLUMNS, then each output.

    Text takes as little memory as floats (`6.91801` and a separator are eight bytes), keeps the
    printed digits, and takes a tenth of the time.
    """

    __slots__ = ("columns", "days", "outputs", "rows")

    def __init__(self, outputs: tuple[Output, ...], days: list[str]) -> None:
        self.outputs = outputs
        self.days = days
        """The dates that the log has before the first row."""
        self.rows = 0
        self.columns: list[list[str]] = [[] for _ in range(len(_COLUMNS) + len(outputs))]
        """Pieces of each column, one line a row."""

    def texts(self) -> list[str]:
        """Return each column as one text."""
        return list(map("\n".join, self.columns))


class Curve:
    """Rows in the order of the log; iterations decrease where a run was resumed or restarted."""

    def __init__(self, year: int | None = None, day: str = "") -> None:
        self.starts = array("q")
        """Rows before which a run starts."""
        self.restores = array("q")
        """Rows before which a run resumes from a snapshot."""
        self.origin = math.nan
        """Time of the log's first line in seconds of a Clock."""
        self._year = year
        self._days = [day] if day else []
        self._new: list[Point] = []
        self._blocks: list[_Block] = []
        self._rows = 0

    def __len__(self) -> int:
        return self._rows + len(self._new)

    def append(self, point: Point) -> None:
        """Add one row."""
        self._new.append(point)
        if len(self._new) == _NEW:
            self._flush()

    def turn_to(self, day: str) -> None:
        """Set the date of the following rows, `mmdd` or `yyyymmdd`."""
        self._flush()
        self._days.append(day)

    def _flush(self) -> None:
        new, self._new = self._new, []
        for outputs, group in groupby(new, lambda point: point.outputs):
            points = list(group)
            columns = list(zip(*map(attrgetter(*_COLUMNS), points), strict=True))
            values = zip(*(point.values for point in points), strict=True)
            self._add([*columns, *values], tuple(outputs))

    def extend(
        self,
        columns: Mapping[str, Sequence[str]],
        outputs: tuple[Output, ...],
        values: Sequence[Sequence[str]],
    ) -> None:
        """Add rows with the same outputs: columns by Point's fields, and one per output."""
        self._flush()
        blank = ("",) * len(columns["iteration"])
        self._add([*(columns.get(name) or blank for name in _COLUMNS), *values], outputs)

    def _add(self, columns: Sequence[Sequence[str]], outputs: tuple[Output, ...]) -> None:
        """Add rows to the last block if they have its outputs."""
        block = self._blocks[-1] if self._blocks else None
        if block is None or self._days or block.rows >= _PART or block.outputs != outputs:
            block = _Block(outputs, self._days)
            self._days = []
            self._blocks.append(block)
        for pieces, column in zip(block.columns, columns, strict=True):
            pieces.append("\n".join(column))
        block.rows += len(columns[0])
        self._rows += len(columns[0])

    def iterations(self) -> array[int]:
        """Return the iteration of each row."""
        self._flush()
        pieces = chain.from_iterable(block.columns[0] for block in self._blocks)
        return array("q", map(int, chain.from_iterable(piece.split("\n") for piece in pieces)))

    def _outputs(self) -> dict[tuple[Output, ...], None]:
        """Return the outputs of the blocks, each group once, in the order of its first row."""
        self._flush()
        return dict.fromkeys(block.outputs for block in self._blocks)

    def sizes(self) -> dict[str, int]:
        """Return how many numbers each output has, in the order of their first row."""
        sizes: dict[str, int] = {}
        for outputs in self._outputs():
            names = [output.name for output in outputs]
            for name in dict.fromkeys(names):
                sizes[name] = max(sizes.get(name, 0), names.count(name))
        return sizes

    def weights(self) -> dict[str, float]:
        """Return the last loss weight of each output that has one."""
        self._flush()
        outputs = chain.from_iterable(block.outputs for block in self._blocks)
        weights = {output.name: number(output.weight) for output in outputs}
        return {name: weight for name, weight in weights.items() if weight is not None}

    def rows(self) -> Iterator[Row]:
        """Yield the rows one by one."""
        return chain.from_iterable(part.rows() for part in self.parts())

    def parts(
        self, *, iterations: array[int] | None = None, is_timed: bool = True
    ) -> Iterator[Part]:
        """Yield the rows in parts, each of rows with the same outputs.

        `iterations` are those of `self`, if they have been read already. Without `is_timed`, which
        takes half as long, no row has a time or a speed.
        """
        self._flush()
        clock, speeds = Clock(self._year), Speeds()
        begins = sorted({*self.starts, *self.restores})
        start = 0
        for block in self._blocks:
            for day in block.days:
                clock.turn_to(day)
            first, time, loss, lr, logged, *values = block.texts()
            seconds: list[float | None] = [None] * block.rows
            times: list[str | None] = [None] * block.rows
            speed, end = [""] * block.rows, start + block.rows
            own = (
                iterations[start:end].tolist() if iterations else list(map(int, first.split("\n")))
            )
            if is_timed:
                seconds, times = clock.moments(time, self.origin)
                speed = speeds.of(own, seconds, logged)
                for row in begins[bisect_left(begins, start) : bisect_left(begins, end)]:
                    # The first speed after a start covers an unknown interval.
                    speed[row - start] = ""
            start = end
            yield Part(
                own,
                times,
                seconds,
                loss,
                lr,
                "\n".join(speed),
                tuple(output.name for output in block.outputs),
                values,
            )

    def last(self) -> Row | None:
        """Return the last row, without time and speed, and without reading the others."""
        if not len(self):
            return None
        self._flush()
        block = self._blocks[-1]
        ends = [pieces[-1].rpartition("\n")[2] for pieces in block.columns]
        _, _, loss, lr, _, *values = map(number, ends)
        outputs = by_name((output.name for output in block.outputs), values)
        return Row(int(ends[0]), None, None, loss, lr, None, outputs)
