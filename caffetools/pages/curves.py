"""The curves of a page's logs: runs overlaid, lines shown at first, and data for the script."""

from __future__ import annotations

import base64
import math
import sys
from array import array
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from caffetools.drawing.style import EVENTS, LINES
from caffetools.figures.looks import line_words
from caffetools.figures.panels import Line, Panel, Selection, grouped_lines, happened
from caffetools.log.collector import LogContents
from caffetools.pages.chart import AREA, ChartLine, EventMark, thinned
from caffetools.table import printable

_MAX_VALUES = 800_000
"""Number of values of a page from which its longest lines have fewer points."""
_FIRST_LINES = 8
"""Number of lines of a chart that are shown at first, at least two of each run."""
_DASHES = 3


class Curve(NamedTuple):
    """A line of a chart; `run` is its index in the names of the runs."""

    line: ChartLine
    run: int
    is_shown: bool


class CurveChart(NamedTuple):
    """The curves that share axes."""

    title: str
    curves: tuple[Curve, ...]
    is_rate: bool

    def lines(self, shown: bool = False) -> list[ChartLine]:
        """Return the lines, or only those that are shown at first."""
        return [curve.line for curve in self.curves if curve.is_shown or not shown]


def curve_charts(logs: Sequence[LogContents]) -> tuple[list[str], list[CurveChart]]:
    """Return the names of all runs, and the charts, grouped as by `caffetools plot`."""
    panels = grouped_lines(logs, [], Selection())
    names = {line.run: printable(line.run_name) for panel in panels for line in panel.lines}
    runs = sorted(names)
    count = sum(len(panel.lines) for panel in panels)
    most = max(_MAX_VALUES // max(count, 1), 2)
    charts = [_chart(panel, runs, names, most) for panel in panels]
    return [names[run] for run in runs], charts


def _chart(panel: Panel, runs: Sequence[int], names: dict[int, str], most: int) -> CurveChart:
    """Return a chart: first displayed losses and tests, last scores of classes and elements."""
    lines = sorted(panel.lines, key=_rank)
    words = {id(line): _words(line) for line in lines}
    outputs = list(dict.fromkeys(words.values()))
    limit = max(_FIRST_LINES // len(runs), 2)
    curves = []
    for line in lines:
        number = outputs.index(words[id(line)])
        name = _since(words[id(line)], line)
        if len(runs) > 1:
            look = (runs.index(line.run) % len(LINES), number % _DASHES)
            name = f"{names[line.run]}: {name}"
        else:
            look = (number % len(LINES), number // len(LINES) % _DASHES)
        points = tuple(_points(line, most))
        curves.append(Curve(ChartLine(name, points, *look), runs.index(line.run), number < limit))
    return CurveChart(panel.title[:1].upper() + panel.title[1:], tuple(curves), panel.is_rate)


def _rank(line: Line) -> tuple[int, bool, bool, bool]:
    key = line.series.key
    return key.element or 0, " class AP " in key.name, key.kind != "total", key.net is None


def _words(line: Line) -> str:
    return printable(
        "learning rate" if line.series.key.kind == "rate" else line_words(line, is_whole=False)
    )


def _since(name: str, line: Line) -> str:
    """Return the name of a line, and from where on its last values are not finite."""
    start = len(line.x)
    while start and not math.isfinite(line.series.values[start - 1]):
        start -= 1
    return name if start == len(line.x) else f"{name} (not finite from {line.x[start]:,.0f} on)"


def _points(line: Line, most: int) -> Sequence[tuple[float, float]]:
    """Return the points of a line; of a rate those at which it changes."""
    points = list(zip(line.x, line.series.values, strict=True))
    if line.series.key.kind == "rate":
        steps = [list(group) for _, group in groupby(points, key=lambda point: point[1])]
        points = [point for step in steps for point in dict.fromkeys((step[0], step[-1]))]
    return thinned(points, most)


def marks(logs: Sequence[LogContents]) -> list[EventMark]:
    """Return the events that have an iteration."""
    return [
        EventMark(
            event.iteration,
            f"{event.kind} at {event.iteration:,}: {printable(event.message)}",
            event.kind if event.kind in EVENTS else "error",
        )
        for log in logs
        for event in happened(log)
        if event.iteration is not None and event.kind != "rate"
    ]


def curve_data(
    runs: Sequence[str], charts: Sequence[CurveChart], events: Sequence[EventMark]
) -> dict[str, Any]:
    """Return the data for the script: iterations as steps, values as 32-bit numbers in base 64."""
    return {
        "area": AREA,
        "runs": runs,
        "events": [[mark.x, mark.kind, mark.words] for mark in events],
        "charts": [
            {
                "rate": chart.is_rate,
                "lines": [
                    {
                        "name": curve.line.name,
                        "run": curve.run,
                        "colour": curve.line.colour,
                        "dash": curve.line.dash,
                        "shown": curve.is_shown,
                        "x": steps([x for x, _ in curve.line.points]),
                        "y": _packed([y for _, y in curve.line.points]),
                    }
                    for curve in chart.curves
                ],
            }
            for chart in charts
        ],
    }


def steps(values: Sequence[float]) -> list[float]:
    """Return rising values as triples: a start, a step and a number of values."""
    found: list[float] = []
    index = 0
    while index < len(values):
        step = values[index + 1] - values[index] if index + 1 < len(values) else 1
        end = index + 1
        while end < len(values) and values[end] - values[end - 1] == step:
            end += 1
        found += [values[index], step, end - index]
        index = end
    return found


def _packed(values: Sequence[float]) -> str:
    numbers = array("f", values)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode("ascii")
