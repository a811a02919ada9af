"""Series of points of a log, one for each logged number."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, Literal, NamedTuple, TypeAlias

from caffetools.layers.base import LayerClass
from caffetools.log.collector import LogContents
from caffetools.log.curve import Curve
from caffetools.log.curve_columns import Part, known_numbers, numbers
from caffetools.log.output_kinds import OutputKind, output_kind, output_layers
from caffetools.log.runs import run_parts

Kind: TypeAlias = OutputKind | Literal["total", "rate"]
"""The kind of an output; the displayed loss; the learning rate."""


class Key(NamedTuple):
    """Identity of a series."""

    run: int
    """Which run of its curve, from 0; a resumed run is one."""
    net: int | None
    """The number of the test net; None for training."""
    kind: Kind
    name: str
    element: int | None
    """Which number of a vector; None for an output that has one number."""


@dataclass(frozen=True)
class Series:
    """The points of a series by iteration, without iterations that a resumed run repeats."""

    key: Key
    iterations: array[int] = field(default_factory=lambda: array("q"))
    seconds: array[float] = field(default_factory=lambda: array("d"))
    """Since the log's first line, NaN if unknown."""
    values: array[float] = field(default_factory=lambda: array("d"))

    def add(self, part: Part, column: str) -> None:
        """Append the known values of a column of further rows."""
        (iterations, seconds), values = known_values(column, part.iterations, part.seconds)
        self.iterations.extend(iterations)
        self.seconds.extend(math.nan if second is None else second for second in seconds)
        self.values.extend(values)

    def smoothed(self, window: int) -> array[float]:
        """At each point the mean of the `window` values around it that are finite; NaN where it is.

        Of an even number the one before counts; at the ends there are fewer.
        """
        finite = [value for value in self.values if math.isfinite(value)]
        starts = (max(i - window // 2, 0) for i in range(len(finite)))
        ends = range((window + 1) // 2, (window + 1) // 2 + len(finite))
        parts = (finite[start:end] for start, end in zip(starts, ends, strict=True))
        means = (math.fsum(part) / len(part) for part in parts)
        return array("d", (next(means) if math.isfinite(v) else math.nan for v in self.values))


def known_values(
    column: str, *others: Sequence[Any]
) -> tuple[Sequence[Sequence[Any]], tuple[float, ...]]:
    """Return the values of a column that the log has, and other columns at their rows."""
    try:
        return others, known_numbers(column)
    except ValueError:
        values = numbers(column)
    rows = [value is not None for value in values]
    known = tuple(value for value in values if value is not None)
    return [list(compress(other, rows)) for other in others], known


def log_series(log: LogContents) -> list[Series]:
    """Return the series of a log: of training, then of each test net."""
    found: dict[Key, Series] = {}
    for key, part, column in log_columns(log):
        found.setdefault(key, Series(key)).add(part, column)
    return [series for series in found.values() if series.values]


def log_columns(log: LogContents, *, is_timed: bool = True) -> Iterator[tuple[Key, Part, str]]:
    """Yield the columns of each part of a log's curves, in the order of the log.

    Without `is_timed`, the parts have no times and no speeds.
    """
    made = {phase: output_layers(log, phase) for phase in ("TRAIN", "TEST")}
    for net, curve in [(None, log.train), *log.tests.items()]:
        of = made["TRAIN" if net is None else "TEST"]
        yield from _curve_columns(curve, net, of, is_timed=is_timed)


def _curve_columns(
    curve: Curve, net: int | None, made: Mapping[str, LayerClass], *, is_timed: bool = True
) -> Iterator[tuple[Key, Part, str]]:
    weights, sizes = curve.weights(), curve.sizes()
    kinds: dict[str, Kind] = {name: output_kind(name, made.get(name), weights) for name in sizes}
    for run, part in run_parts(curve, is_timed=is_timed):
        yield Key(run, net, "total", "", None), part, part.losses
        yield Key(run, net, "rate", "", None), part, part.lrs
        for name, columns in part.outputs.items():
            for index, column in enumerate(columns):
                element = index if sizes[name] > 1 else None
                yield Key(run, net, kinds[name], name, element), part, column
