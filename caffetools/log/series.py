"""Series of points of a log, one for each logged number, and the runs of a curve."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress
from operator import itemgetter
from typing import Literal, NamedTuple

from caffetools.log.collector import LogContents
from caffetools.log.curve import Curve
from caffetools.log.curve_columns import Part, Row, numbers


class Segment(NamedTuple):
    """Rows of one process: iterations rise within it."""

    start: int
    stop: int
    """Rows start to stop - 1 of the curve."""
    run: int
    """Which run of the log it belongs to, from 0: a run goes on where it was resumed."""
    resumed: bool


def segments(curve: Curve, iterations: array[int]) -> list[Segment]:
    """The segments of a curve with these iterations, in the order of the log.

    One begins where the log says that a solver starts or goes on, or where iterations do not rise.
    It was resumed if the log says so or, without a message, if its run began earlier.
    """
    if not iterations:
        return []
    falls = (i for i in range(1, len(iterations)) if iterations[i] <= iterations[i - 1])
    begins = sorted({0, *curve.starts, *curve.restores, *falls} - {len(iterations)})
    starts, restores = set(curve.starts), set(curve.restores)
    found: list[Segment] = []
    run, first = -1, 0
    for start, stop in zip(begins, [*begins[1:], len(iterations)], strict=True):
        resumed = start in restores or (
            start not in starts and run >= 0 and iterations[start] > first
        )
        if not resumed or run < 0:
            run, first = run + 1, iterations[start]
        found.append(Segment(start, stop, run, resumed))
    return found


def joined(found: list[Segment], iterations: array[int]) -> dict[int, list[range]]:
    """Return the rows of each run's curve: a resumed segment replaces repeated iterations."""
    runs: dict[int, list[range]] = {}
    limits: dict[int, int] = {}
    for segment in reversed(found):
        end = segment.stop
        if segment.run in limits:
            end = bisect_left(iterations, limits[segment.run], segment.start, segment.stop)
        rows = runs.setdefault(segment.run, [])
        if end > segment.start:
            rows.insert(0, range(segment.start, end))
            limits[segment.run] = iterations[segment.start]
    return dict(sorted(runs.items()))


Kind = Literal["total", "loss", "output", "rate"]
"""The displayed loss, an output that is part of it, another output, the learning rate."""


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
        values = numbers(column)
        known = [value is not None for value in values]
        self.iterations.extend(compress(part.iterations, known))
        seconds = compress(part.seconds, known)
        self.seconds.extend(math.nan if second is None else second for second in seconds)
        self.values.extend(value for value in values if value is not None)

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


def is_loss(name: str, weights: Mapping[str, float]) -> bool:
    """Whether an output is a loss: Caffe prints the weights of losses, by the net's layers.

    Before 2014 it printed none; then the name decides: `loss1/top-1` is an accuracy.
    """
    if weights:
        return name in weights
    lower = name.lower()
    return "loss" in lower and not any(word in lower for word in ("top-1", "top-5", "acc"))


def log_series(log: LogContents) -> list[Series]:
    """Return the series of a log: of training, then of each test net."""
    curves = [(None, log.train), *log.tests.items()]
    return [found for net, curve in curves for found in curve_series(curve, net)]


def curve_series(curve: Curve, net: int | None = None) -> list[Series]:
    """Return the series of the curve of test net `net` or of training."""
    weights, sizes = curve.weights(), curve.sizes()
    kinds: dict[str, Kind] = {
        name: "loss" if is_loss(name, weights) else "output" for name in sizes
    }
    found: dict[Key, Series] = {}
    for run, part in run_parts(curve):
        for kind, name, index, column in _columns(part, kinds):
            key = Key(run, net, kind, name, index if sizes.get(name, 1) > 1 else None)
            if key not in found:
                found[key] = Series(key)
            found[key].add(part, column)
    known = (series for series in found.values() if series.values)
    return sorted(known, key=lambda series: series.key.run)


def run_rows(curve: Curve) -> Iterator[tuple[int, Row]]:
    """The rows that make the one curve of each run, with the run's number."""
    return ((run, row) for run, part in run_parts(curve) for row in part.rows())


def run_parts(curve: Curve) -> Iterator[tuple[int, Part]]:
    """Yield the same rows as columns, in the order of the log."""
    iterations = curve.iterations()
    runs = joined(segments(curve, iterations), iterations)
    kept = sorted((rows.start, rows.stop, run) for run, parts in runs.items() for rows in parts)
    first = 0
    for part in curve.parts():
        end = first + len(part.iterations)
        for start, stop, run in kept[bisect_right(kept, first, key=itemgetter(1)) :]:
            if start >= end:
                break
            yield run, part.sliced(max(start - first, 0), min(stop, end) - first)
        first = end


def _columns(part: Part, kinds: dict[str, Kind]) -> Iterator[tuple[Kind, str, int, str]]:
    """The columns of numbers in the order in which a row tells them."""
    yield "total", "", 0, part.losses
    yield "rate", "", 0, part.lrs
    for name, columns in part.outputs.items():
        for index, column in enumerate(columns):
            yield kinds[name], name, index, column
