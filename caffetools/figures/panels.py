"""Select the curves of logs that a figure shows, and group them into panels."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from caffetools.errors import CaffeToolsError, Location
from caffetools.log.collector import LogContents
from caffetools.log.events import Event
from caffetools.log.series import Series, log_series

Across = Literal["iteration", "epoch", "time"]


@dataclass(frozen=True)
class Selection:
    """Which curves are shown."""

    x: Across = "iteration"
    only: tuple[str, ...] = ()
    """Outputs to show, by name, in addition to the displayed loss; all if empty."""
    rate: bool = True


class Line(NamedTuple):
    """A series, and what a figure has to know of it."""

    series: Series
    run: int
    """Which run of all logs."""
    run_name: str
    x: list[float]


@dataclass(frozen=True)
class Panel:
    """Axes of their own."""

    title: str
    lines: list[Line] = field(default_factory=list)
    is_rate: bool = False


def panels(logs: Sequence[LogContents], names: Sequence[str], selection: Selection) -> list[Panel]:
    """The axes of a figure from above: losses, outputs up to one, other outputs, rates.

    Each log is called by its name, or its file's. Raises CaffeToolsError for logs without a
    curve, or no epochs where x asks for them.
    """
    found = grouped_lines(logs, names, selection)
    if all(panel.is_rate for panel in found):
        raise CaffeToolsError("found no curve", Location(logs[0].name) if logs else None)
    return [panel for panel in found if selection.rate or not panel.is_rate]


def grouped_lines(
    logs: Sequence[LogContents], names: Sequence[str], selection: Selection
) -> list[Panel]:
    """Return the same panels for any logs, with the learning rate; none without lines."""
    titles = ("loss", "outputs", "other outputs", "learning rate")
    found = [Panel(title, is_rate=title == "learning rate") for title in titles]
    for line in _all_lines(logs, names, selection):
        found[_panel_of(line)].lines.append(line)
    return [panel for panel in found if panel.lines]


def places(iterations: Sequence[float], log: LogContents, x: Across) -> list[float]:
    """Return the x coordinates of iterations, as iterations or epochs."""
    if x != "epoch":
        return list(iterations)
    if not log.epoch or not log.epoch[0]:
        raise CaffeToolsError("found no epochs", Location(log.name))
    return [iteration * log.epoch[1] / log.epoch[0] for iteration in iterations]


def event_place(event: Event, log: LogContents, x: Across) -> float:
    """Return the x coordinate of an event, NaN if unknown."""
    if x == "time":
        return math.nan if event.seconds is None else event.seconds
    return math.nan if event.iteration is None else places([event.iteration], log, x)[0]


def _all_lines(
    logs: Sequence[LogContents], names: Sequence[str], selection: Selection
) -> Iterator[Line]:
    first = 0
    for number, log in enumerate(logs):
        stem, _ = os.path.splitext(os.path.basename(log.name))
        name = names[number] if number < len(names) else stem
        series = [one for one in _shown(log_series(log)) if _is_asked_for(one, selection)]
        runs = sorted({one.key.run for one in series})
        for one in series:
            run_name = f"run {one.key.run + 1}" if len(runs) > 1 else name
            if len(runs) > 1 and len(logs) > 1:
                run_name = f"{name}, {run_name}"
            by_time = selection.x == "time"
            x = list(one.seconds) if by_time else places(one.iterations, log, selection.x)
            yield Line(one, first + runs.index(one.key.run), run_name, x)
        first += len(runs)


def _shown(series: list[Series]) -> Iterator[Series]:
    """All but a loss that is the only part of the displayed total."""
    totals = {one.key[:2] for one in series if one.key.kind == "total"}
    losses = [one.key[:2] for one in series if one.key.kind == "loss"]
    for one in series:
        place = one.key[:2]
        if one.key.kind != "loss" or place not in totals or losses.count(place) > 1:
            yield one


def _is_asked_for(series: Series, selection: Selection) -> bool:
    kind, name = series.key.kind, series.key.name
    return not selection.only or kind in {"total", "rate"} or name in selection.only


def _panel_of(line: Line) -> int:
    """The number of the panel that a line belongs to."""
    if line.series.key.kind == "rate":
        return 3
    if line.series.key.kind in {"total", "loss"}:
        return 0
    return 1 if all(0 <= value <= 1 for value in line.series.values if math.isfinite(value)) else 2
