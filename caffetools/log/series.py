"""Series of points of a log, one for each logged number."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from caffetools.layers.base import LayerClass
from caffetools.log.collector import LogContents
from caffetools.log.curve import Curve
from caffetools.log.curve_columns import Part, numbers
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


def log_series(log: LogContents) -> list[Series]:
    """Return the series of a log: of training, then of each test net."""
    curves = [(None, log.train), *log.tests.items()]
    made = {phase: output_layers(log, phase) for phase in ("TRAIN", "TEST")}
    return [
        found
        for net, curve in curves
        for found in curve_series(curve, net, made["TRAIN" if net is None else "TEST"])
    ]


def curve_series(
    curve: Curve, net: int | None = None, made: Mapping[str, LayerClass] = MappingProxyType({})
) -> list[Series]:
    """Return the series of the curve of test net `net` or of training.

    `made` has the class of the layer that makes each output, where it is known.
    """
    weights, sizes = curve.weights(), curve.sizes()
    kinds: dict[str, Kind] = {name: output_kind(name, made.get(name), weights) for name in sizes}
    found: dict[Key, Series] = {}
    for run, part in run_parts(curve):
        for kind, name, index, column in _columns(part, kinds):
            key = Key(run, net, kind, name, index if sizes.get(name, 1) > 1 else None)
            if key not in found:
                found[key] = Series(key)
            found[key].add(part, column)
    known = (series for series in found.values() if series.values)
    return sorted(known, key=lambda series: series.key.run)


def _columns(part: Part, kinds: dict[str, Kind]) -> Iterator[tuple[Kind, str, int, str]]:
    """The columns of numbers in the order in which a row tells them."""
    yield "total", "", 0, part.losses
    yield "rate", "", 0, part.lrs
    for name, columns in part.outputs.items():
        for index, column in enumerate(columns):
            yield kinds[name], name, index, column
