"""A log as callers see it: read, its nets recomputed, and given as data."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import IO, Any

from caffetools.check import log_data as plain
from caffetools.check import records
from caffetools.check.compare import Comparison, compare_echo, compare_file, compare_printed
from caffetools.errors import CaffeToolsError
from caffetools.log.contents import LogContents
from caffetools.log.net import LoggedNet
from caffetools.log.parse import read_log


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
        """Of each net: its echo, recomputed, held against what is printed."""
        name, age = self.contents.name, self.contents.caffe
        return tuple(
            compare_echo(net, name, age) if net.echo else compare_printed(net, age)
            for net in self.contents.nets
        )

    def check(self, path: str) -> list[tuple[LoggedNet, Comparison]]:
        """Each net of the log held against a prototxt, in the phase that the log tells.

        Raises CaffeToolsError for a file that holds no net, or a log without one.
        """
        nets = [net for net in self.contents.nets if net.layers]
        if not nets:
            raise CaffeToolsError(f"{self.contents.name!a} tells of no net to check against")
        return [(net, compare_file(net, path, self.contents.caffe)) for net in nets]

    def train_records(self, once: bool = False) -> Iterator[dict[str, Any]]:
        """The training curve, a flat dict for each row: what pandas.DataFrame takes.

        With `once`, what a resumed run tells again is given once, as the later process told it.
        """
        return records.records(self.contents.train, once)

    def test_records(self, net: int = 0, once: bool = False) -> Iterator[dict[str, Any]]:
        """The curve of one test net likewise."""
        curve = self.contents.tests.get(net)
        return iter(()) if curve is None else records.records(curve, once)

    def to_dict(self) -> dict[str, Any]:
        """The log as plain data: the JSON of `caffetools parse-log`."""
        parts = self._parts().items()
        return {name: list(part) if isinstance(part, Iterator) else part for name, part in parts}

    def json(self) -> Iterator[str]:
        """The same as JSON, in pieces: a log of a gigabyte has millions of rows."""
        train, tests = self.contents.train, self.contents.tests
        long = {
            "train": records.json_rows(train),
            "test": chain(*(records.json_rows(curve, net) for net, curve in tests.items())),
        }
        separator = "{"
        for name, part in self._parts().items():
            yield f"{separator}{json.dumps(name)}: "
            if isinstance(part, Iterator):
                yield "["
                for index, rows in enumerate(long.get(name) or map(json.dumps, part)):
                    yield (", " if index else "") + rows
                yield "]"
            else:
                yield json.dumps(part)
            separator = ", "
        yield "}"

    def _parts(self) -> dict[str, Any]:
        """All that there is to tell; what may be long is an iterator of its rows."""
        contents, caffe = self.contents, self.contents.caffe
        train, tests = contents.train, contents.tests
        iterations = train.iterations() if len(contents.debug_info) else []
        return {
            "log": contents.name,
            "caffe": {
                "from": caffe.first and caffe.first.isoformat(),
                "to": caffe.last and caffe.last.isoformat(),
                "release": caffe.release,
                "fork": caffe.fork,
                "nearest": caffe.nearest and [day and day.isoformat() for day in caffe.nearest],
            },
            "nets": [
                plain.plain_net(net, comparison)
                for net, comparison in zip(contents.nets, self.comparisons, strict=True)
            ],
            "solver": plain.solver_fields(contents.solvers[0].text) if contents.solvers else None,
            "solvers": [
                {"line": echo.line, "prototxt": echo.text, "cut": echo.cut}
                for echo in contents.solvers
            ],
            "train": records.plain_rows(train),
            "test": chain(*(records.plain_rows(curve, net) for net, curve in tests.items())),
            "loss_weights": {
                "train": train.weights(),
                "test": [{"net": net, **curve.weights()} for net, curve in tests.items()],
            },
            "segments": {
                "train": plain.plain_segments(train),
                "test": [
                    {"net": net, **part}
                    for net, curve in tests.items()
                    for part in plain.plain_segments(curve)
                ],
            },
            "timings": (
                {
                    "layer": timing.layer,
                    "pass": timing.way,
                    "ms": plain.plain(timing.ms),
                    "iterations": timing.iterations,
                }
                for timing in contents.timings
                if timing.layer
            ),
            "net_timings": [
                {"pass": timing.way, "ms": plain.plain(timing.ms), "iterations": timing.iterations}
                for timing in contents.timings
                if not timing.layer
            ],
            "scores": list(map(plain.plain_score, contents.scores)),
            "batches": (
                {"batch": row.iteration, "outputs": plain.plain_outputs(row.outputs)}
                for row in contents.batches.rows()
            ),
            "debug_info": (
                {
                    "iteration": iterations[mean.row] if mean.row < len(iterations) else None,
                    "pass": mean.way,
                    "layer": mean.layer,
                    "blob": mean.blob,
                    "what": mean.what,
                    "value": plain.plain(mean.value),
                }
                for mean in contents.debug_info
            ),
            "events": [event._asdict() for event in contents.events],
            "event_counts": dict(contents.event_counts),
            "epoch": contents.epoch,
            "lines": contents.lines,
            "skipped_lines": contents.skipped_lines,
        }
