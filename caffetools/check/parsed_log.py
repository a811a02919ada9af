"""The public view of a log: its contents, and its nets compared with their prototxt."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import IO, Any

from caffetools.check.checked_file import check_file
from caffetools.check.compare import Comparison, compare_nets
from caffetools.check.findings import find
from caffetools.check.log_json import net_json, score_json, segments_json, solver_fields
from caffetools.log import curve_data
from caffetools.log.collector import LogContents
from caffetools.log.curve_data import json_number
from caffetools.log.logged_net import LoggedNet
from caffetools.log.parser import read_log


def parse_log(source: str | os.PathLike[str] | IO[bytes], year: int | None = None) -> ParsedLog:
    """Read a log of Caffe, of any version or fork.

    Parameters
    ----------
    source
        Path of a log, also compressed by gzip or xz; `-` for standard input; or a binary file.
    year
        Year of the first line, if the log does not contain it: most logs do not.

    Returns
    -------
    ParsedLog
        Curves, nets, solvers, timings and events of the log.

    Raises
    ------
    CaffeToolsError
        If the source cannot be read, or has no message of Caffe.

    Examples
    --------
    >>> import io
    >>> line = b"I0721 10:38:15.326920  4692 solver.cpp:228] Iteration 100, loss = 0.5"
    >>> log = parse_log(io.BytesIO(line), year=2015)
    >>> [(row["iteration"], row["time"], row["loss"]) for row in log.train_records()]
    [(100, '2015-07-21T10:38:15.326920', 0.5)]
    """
    return ParsedLog(read_log(source, year))


@dataclass(frozen=True)
class ParsedLog:
    """A log, as returned by `parse_log`.

    Parameters
    ----------
    contents
        What the log contains: nets, curves, events and so on.

    Examples
    --------
    >>> import io
    >>> log = parse_log(io.BytesIO(b"I0721 10:38:15.326920  4692 solver.cpp:279] Solving LeNet"))
    >>> log.to_dict()["events"][0]["kind"]
    'start'
    """

    contents: LogContents

    def __repr__(self) -> str:
        found = self.contents
        rows = f"{len(found.train)} rows of training, {len(found.tests)} test nets"
        return f"<ParsedLog {found.name!r}: {len(found.nets)} nets, {rows}>"

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Comparison of each net with the prototxt that the log echoes, recomputed."""
        return tuple(compare_nets(self.contents))

    def check(self, path: str) -> list[tuple[LoggedNet, Comparison]]:
        """Compare each net of the log with a prototxt.

        Parameters
        ----------
        path
            Path of the net, recomputed in the phase of each logged net, or of a solver, whose nets
            are compared each with its own.

        Returns
        -------
        list of (LoggedNet, Comparison)
            Each net of the log, and its differences from the prototxt; or why it is not compared.

        Raises
        ------
        CaffeToolsError
            If the file contains no net, or the log none, or none can be compared.
        """
        return check_file(self.contents, path)

    def train_records(self, once: bool = False) -> Iterator[dict[str, Any]]:
        """Yield the training curve as flat dicts, for pandas.DataFrame.

        Times are None where the year is unknown; `seconds` count from the log's first line.

        Parameters
        ----------
        once
            Give iterations that a resumed run repeats once, as the later process logged them.
        """
        return curve_data.records(self.contents.train, once)

    def test_records(self, net: int = 0, once: bool = False) -> Iterator[dict[str, Any]]:
        """Yield the curve of test net `net` as flat dicts, like `train_records`."""
        curve = self.contents.tests.get(net)
        return iter(()) if curve is None else curve_data.records(curve, once)

    def to_dict(self) -> dict[str, Any]:
        """Return the log as plain data: the JSON of `caffetools parse-log`."""
        parts = self._parts().items()
        return {name: list(part) if isinstance(part, Iterator) else part for name, part in parts}

    def json(self) -> Iterator[str]:
        """Yield the same as JSON text, in pieces: a log of a gigabyte has millions of rows."""
        train, tests = self.contents.train, self.contents.tests
        long = {
            "train": curve_data.json_text(train),
            "test": chain(*(curve_data.json_text(curve, net) for net, curve in tests.items())),
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
        """Return the members of the JSON; long ones are iterators of their rows."""
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
            "nets": list(map(net_json, contents.nets, self.comparisons)),
            "solver": solver_fields(contents.solvers[0].text) if contents.solvers else None,
            "solvers": [
                {"line": echo.line, "prototxt": echo.text, "cut": echo.cut}
                for echo in contents.solvers
            ],
            "train": curve_data.json_rows(train),
            "test": chain(*(curve_data.json_rows(curve, net) for net, curve in tests.items())),
            "loss_weights": {
                "train": train.weights(),
                "test": [{"net": net, **curve.weights()} for net, curve in tests.items()],
            },
            "segments": {
                "train": segments_json(train),
                "test": [
                    {"net": net, **part}
                    for net, curve in tests.items()
                    for part in segments_json(curve)
                ],
            },
            "findings": find(contents).to_dict(),
            "timings": (timing for timing in self._timings() if timing["layer"]),
            "net_timings": [
                {name: value for name, value in timing.items() if name != "layer"}
                for timing in self._timings()
                if not timing["layer"]
            ],
            "scores": list(map(score_json, contents.scores)),
            "batches": (
                {"batch": row.iteration, "outputs": curve_data.json_outputs(row.outputs)}
                for row in contents.batches.rows()
            ),
            "debug_info": (
                {
                    "iteration": iterations[mean.row] if mean.row < len(iterations) else None,
                    "pass": mean.way,
                    "layer": mean.layer,
                    "blob": mean.blob,
                    "what": mean.what,
                    "value": json_number(mean.value),
                }
                for mean in contents.debug_info
            ),
            "events": [event._asdict() for event in contents.events],
            "event_counts": dict(contents.event_counts),
            "epoch": contents.epoch,
            "lines": contents.lines,
            "skipped_lines": contents.skipped_lines,
        }

    def _timings(self) -> Iterator[dict[str, Any]]:
        for timing in self.contents.timings:
            yield {
                "layer": timing.layer,
                "pass": timing.way,
                "ms": json_number(timing.ms),
                "iterations": timing.iterations,
            }
