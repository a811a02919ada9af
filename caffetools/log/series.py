"""The curves of a log as series of points: one for each number that a run tells again and again."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from caffetools.log.contents import LogContents
from caffetools.log.curve import Curve
from caffetools.log.rows import Row
from caffetools.log.segments import joined, segments

Kind = Literal["total", "loss", "output", "rate"]
"""The displayed loss, an output that is part of it, another output, the learning rate."""


class Key(NamedTuple):
    """What a series tells."""

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
    """The points of a series, in the order of their iterations; what is told again counts once."""

    key: Key
    iterations: array[int] = field(default_factory=lambda: array("q"))
    seconds: array[float] = field(default_factory=lambda: array("d"))
    """Since the log's first line, NaN where not told."""
    values: array[float] = field(default_factory=lambda: array("d"))

    def smoothed(self, window: int) -> array[float]:
        """At each point the mean of the last `window` values that are finite; NaN where it is."""
        kept: list[float] = []
        found = array("d")
        for value in self.values:
            if math.isfinite(value):
                kept.append(value)
                del kept[:-window]
            found.append(math.fsum(kept) / len(kept) if math.isfinite(value) else math.nan)
        return found


def log_series(log: LogContents) -> list[Series]:
    """The series of a log: of training, then of each test net."""
    curves = [(None, log.train), *log.tests.items()]
    return [found for net, curve in curves for found in curve_series(curve, net)]


def curve_series(curve: Curve, net: int | None = None) -> list[Series]:
    """The series of a curve, that of test net `net` or of training."""
    weights, sizes = curve.weights(), curve.sizes()
    kinds: dict[str, Kind] = {
        # Caffe printed no weights before 2014.
        name: "loss" if name in weights or "loss" in name.lower() else "output"
        for name in sizes
    }
    found: dict[Key, Series] = {}
    for run, row in run_rows(curve):
        for kind, name, index, value in _numbers(row, kinds):
            key = Key(run, net, kind, name, index if sizes.get(name, 1) > 1 else None)
            if key not in found:
                found[key] = Series(key)
            series = found[key]
            series.iterations.append(row.iteration)
            series.seconds.append(math.nan if row.seconds is None else row.seconds)
            series.values.append(value)
    return sorted(found.values(), key=lambda series: series.key.run)


def run_rows(curve: Curve) -> Iterator[tuple[int, Row]]:
    """The rows that make the one curve of each run, with the run's number."""
    iterations = curve.iterations()
    run_of = array("q", [-1]) * len(iterations)
    for run, parts in joined(segments(curve, iterations), iterations).items():
        for rows in parts:
            run_of[rows.start : rows.stop] = array("q", [run]) * len(rows)
    return (pair for pair in zip(run_of, curve.rows(), strict=True) if pair[0] >= 0)


def _numbers(row: Row, kinds: dict[str, Kind]) -> Iterator[tuple[Kind, str, int, float]]:
    """The numbers that a row tells."""
    if row.loss is not None:
        yield "total", "", 0, row.loss
    if row.lr is not None:
        yield "rate", "", 0, row.lr
    for name, values in row.outputs.items():
        for index, value in enumerate(values):
            if value is not None:
                yield kinds[name], name, index, value
