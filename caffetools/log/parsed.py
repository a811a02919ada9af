"""A log as callers see it: read, its nets recomputed, and given as data."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any

from caffetools import prototxt
from caffetools.errors import CaffeToolsError
from caffetools.log.column import number
from caffetools.log.compare import Comparison, compare_echo, compare_file
from caffetools.log.contents import LogContents
from caffetools.log.curve import Curve
from caffetools.log.net import LoggedNet
from caffetools.log.parse import read_log
from caffetools.message import Message
from caffetools.source import Source

_INTEGER = re.compile(r"-?[0-9]{1,19}")


def parse_log(source: str | os.PathLike[str] | IO[bytes], year: int | None = None) -> ParsedLog:
    """Read a log: a path (also of gzip's or xz's data), `-` for standard input, or a binary file.

    `year` is that of its first line, where the log does not tell it. Raises CaffeToolsError for
    what cannot be read.
    """
    return ParsedLog(read_log(source, year))


@dataclass(frozen=True)
class ParsedLog:
    """A log, and how the nets that it echoes agree with what it prints of them."""

    contents: LogContents

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Of each net: its echo recomputed and held against what is printed."""
        name, age = self.contents.name, self.contents.caffe
        return tuple(
            compare_echo(net, name, age) if net.echo else Comparison() for net in self.contents.nets
        )

    def check(self, path: str) -> list[tuple[LoggedNet, Comparison]]:
        """Each net of the log held against a prototxt, in the phase that the log tells.

        Raises CaffeToolsError for a file that holds no net, or a log without one.
        """
        nets = [net for net in self.contents.nets if net.layers]
        if not nets:
            raise CaffeToolsError(f"{self.contents.name!a} tells of no net to check against")
        return [(net, compare_file(net, path, self.contents.caffe)) for net in nets]

    def train_records(self) -> Iterator[dict[str, Any]]:
        """The training curve, a flat dict for each row: what pandas.DataFrame takes."""
        return _records(self.contents.train)

    def test_records(self, net: int = 0) -> Iterator[dict[str, Any]]:
        """The curve of one test net likewise."""
        curve = self.contents.tests.get(net)
        return iter(()) if curve is None else _records(curve)

    def to_dict(self) -> dict[str, Any]:
        """The log as plain data: the JSON of `caffetools parse-log`."""
        contents, caffe = self.contents, self.contents.caffe
        tests = contents.tests.items()
        return {
            "caffe": {
                "from": caffe.first and caffe.first.isoformat(),
                "to": caffe.last and caffe.last.isoformat(),
                "release": caffe.release,
                "fork": caffe.fork,
            },
            "nets": [
                _net(net, comparison)
                for net, comparison in zip(contents.nets, self.comparisons, strict=True)
            ],
            "solver": _solver(contents),
            "train": list(_rows(contents.train, lr=True)),
            "test": [row | {"net": net} for net, curve in tests for row in _rows(curve)],
            "timings": [
                {"layer": timing.layer, "pass": timing.way, "ms": _plain(timing.ms)}
                for timing in contents.timings
                if timing.layer
            ],
            "events": [
                {"line": event.line, "kind": event.kind, "message": event.message}
                for event in contents.events
            ],
            "scores": [
                {"line": score.line, "outputs": _scores(score.outputs, score.values)}
                for score in contents.scores
            ],
            "lines": contents.lines,
            "skipped_lines": contents.skipped_lines,
        }


def net_name(net: LoggedNet) -> str | None:
    """What the echoed net calls itself."""
    message = _echoed(net.echo.text) if net.echo else None
    return message.text("name") or None if message else None


def _echoed(text: str) -> Message | None:
    try:
        return prototxt.parse(Source("<log>", text))
    except CaffeToolsError:
        return None


def _net(net: LoggedNet, comparison: Comparison) -> dict[str, Any]:
    types = dict(comparison.types)
    return {
        "name": net_name(net),
        "phase": net.phase,
        "line": net.line,
        "prototxt": net.echo.text if net.echo else None,
        "layers": [
            {
                "name": layer.name,
                "type": layer.type or types.get(layer.name),
                "bottoms": list(layer.bottoms),
                "tops": [
                    {
                        "name": top.name,
                        "shape": None if top.shape is None else list(top.shape),
                        "count": top.elements,
                    }
                    for top in layer.tops
                ],
                "in_place": layer.in_place,
                "needs_backward": layer.needs_backward,
            }
            for layer in net.layers
        ],
        "outputs": list(net.outputs),
        "memory_bytes": net.memory_bytes,
        "memory_rule": comparison.memory_rule,
        "differences": [str(difference) for difference in comparison.differences],
        "unknown_layers": list(comparison.unknown_layers),
        "notes": list(comparison.notes),
    }


def _solver(contents: LogContents) -> dict[str, Any] | None:
    """The fields of the solver that the log echoes first; of a field given again, a list."""
    if not contents.solvers:
        return None
    fields: dict[str, Any] = {}
    depth = 0
    for line in contents.solvers[0].text.splitlines():
        name, colon, value = line.strip().partition(":")
        if line.rstrip().endswith("{"):
            depth += 1
        elif line.strip() == "}":
            depth -= 1
        elif colon and not depth:
            told = _value(value.strip())
            before = fields.get(name)
            if name not in fields:
                fields[name] = told
            else:
                fields[name] = [*before, told] if isinstance(before, list) else [before, told]
    return fields


def _value(text: str) -> str | int | float | bool:
    if text[:1] in {'"', "'"}:
        return text[1:-1]
    if text in {"true", "false"}:
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    value = number(text)
    return value if value is not None and math.isfinite(value) else text


def _plain(value: float | None) -> float | str | None:
    """A number as JSON has it: NaN and infinities are words."""
    if value is None or math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _rows(curve: Curve, lr: bool = False) -> Iterator[dict[str, Any]]:
    for row in curve.rows():
        yield {
            "iteration": row.iteration,
            "time": row.time,
            "seconds": row.seconds,
            "loss": _plain(row.loss),
            **({"lr": _plain(row.lr)} if lr else {}),
            "outputs": {name: list(map(_plain, values)) for name, values in row.outputs.items()},
        }


def _records(curve: Curve) -> Iterator[dict[str, Any]]:
    sizes = curve.sizes()
    for row in curve.rows():
        record: dict[str, Any] = {
            "iteration": row.iteration,
            "time": row.time,
            "seconds": row.seconds,
            "loss": row.loss,
            "lr": row.lr,
        }
        for name, size in sizes.items():
            values = row.outputs.get(name, [])
            for index in range(size):
                key = name if size == 1 else f"{name}[{index}]"
                record[key] = values[index] if index < len(values) else None
        yield record


def _scores(outputs: list[Any], values: list[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for output, value in zip(outputs, values, strict=True):
        found.setdefault(output.name, []).append(value)
    return found
