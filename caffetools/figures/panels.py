"""Select the curves of logs that a figure shows, and group them into panels."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal, NamedTuple

from caffetools.errors import CaffeToolsError, Location
from caffetools.log.collector import LogContents
from caffetools.log.events import Event
from caffetools.log.runs import unannounced_resumes
from caffetools.log.series import Series, log_series

Across = Literal["iteration", "epoch", "time"]


@dataclass(frozen=True)
class Selection:
    """Which curves are shown."""

    x: Across = "iteration"
    only: tuple[str, ...] = ()
    """Outputs to show, by name, also `loss` (displayed) and `lr`; all if empty."""
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
    is_share: bool = False
    """Whether all values are from 0 to 1, and none is a loss."""


def panels(logs: Sequence[LogContents], names: Sequence[str], selection: Selection) -> list[Panel]:
    """The axes of a figure from above: losses, accuracies, other outputs, rates.

    Each log is called by its name, or by what tells its file from the others. Raises
    CaffeToolsError for logs without a curve, or no epochs where x asks for them.
    """
    found = grouped_lines(logs, names, selection)
    where = Location(logs[0].name) if len(logs) == 1 else None
    if selection.only and not found:
        shown = dict.fromkeys(output_name(one) for log in logs for one in log_series(log))
        known = ", ".join(shown) or "none"
        raise CaffeToolsError(f"found no {' or '.join(selection.only)}; outputs: {known}", where)
    if all(panel.is_rate for panel in found) and not selection.only:
        raise CaffeToolsError("found no curve", where)
    return [panel for panel in found if selection.rate or not panel.is_rate]


def grouped_lines(
    logs: Sequence[LogContents], names: Sequence[str], selection: Selection
) -> list[Panel]:
    """Return the same panels for any logs, with the learning rate; none without lines."""
    groups: dict[tuple[int, str, bool], list[Line]] = {}
    for line in _all_lines(logs, names, selection):
        groups.setdefault(_group(line), []).append(line)
    found: list[Panel] = []
    for (place, title, is_share), lines in sorted(groups.items(), key=lambda group: group[0]):
        kinds = {line.series.key.name for line in lines}
        name = title or (kinds.pop() if len(kinds) == 1 else "outputs")
        taken = any(panel.title == name for panel in found)
        found.append(Panel(f"other {name}" if taken else name, lines, place == _RATE, is_share))
    return found


_RATE = 5


def _group(line: Line) -> tuple[int, str, bool]:
    """The place of a line's panel, its title ("" for that of its outputs) and if it has shares."""
    kind = line.series.key.kind
    if kind in {"total", "loss"}:
        return 0, "loss", False
    if kind == "rate":
        return _RATE, "learning rate", False
    is_share = all(0 <= value <= 1 for value in line.series.values if math.isfinite(value))
    place = 1 if kind == "accuracy" else 3
    return place + (not is_share), "accuracy" if kind == "accuracy" else "", is_share


def places(iterations: Sequence[float], log: LogContents, x: Across) -> list[float]:
    """Return the x coordinates of iterations, as iterations or epochs."""
    if x != "epoch":
        return list(iterations)
    if not log.epoch or not log.epoch[0]:
        raise CaffeToolsError("found no epochs", Location(log.name))
    return [iteration * log.epoch[1] / log.epoch[0] for iteration in iterations]


def happened(log: LogContents) -> Iterator[Event]:
    """The events of a log, and its resumes without a message: iterations go back there."""
    yield from log.events
    for iteration, seconds in unannounced_resumes(log.train):
        yield Event(0, "resume", "iterations go back", iteration, seconds)


def event_place(event: Event, log: LogContents, x: Across) -> float:
    """Return the x coordinate of an event, NaN if unknown."""
    if x == "time":
        return math.nan if event.seconds is None else event.seconds
    return math.nan if event.iteration is None else places([event.iteration], log, x)[0]


def log_names(paths: Sequence[str]) -> list[str]:
    """Name each of several logs by its path, without the words that all begin or end with.

    >>> log_names(["logs/net_fp16.log", "logs/net_fp32.log"]), log_names(["a/x.log", "b/x.log"])
    (['fp16', 'fp32'], ['a', 'b'])
    """
    stems = [os.path.splitext(os.path.basename(path))[0] for path in paths]
    if len(set(stems)) < len(paths):
        stems = [os.path.splitext(path)[0] for path in paths]
    words = [re.findall(r"[^\W_]+|[\W_]", stem) for stem in stems]
    if len(set(stems)) < 2:
        return stems
    for _ in range(2):  # from the start, and then from the end
        common = len(list(takewhile(lambda same: len(set(same)) == 1, zip(*words, strict=False))))
        common = min(common, *(len(each) - 1 for each in words))
        words = [each[common:][::-1] for each in words]
    return ["".join(each).strip("_-./ ") or stem for each, stem in zip(words, stems, strict=True)]


def _all_lines(
    logs: Sequence[LogContents], names: Sequence[str], selection: Selection
) -> Iterator[Line]:
    first = 0
    names = [*names, *log_names([log.name for log in logs])[len(names) :]]
    for name, log in zip(names, logs, strict=True):
        asked = (one for one in log_series(log) if _is_asked_for(one, selection))
        series = list(_shown(list(asked)))
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
    return not selection.only or output_name(series) in selection.only


def output_name(series: Series) -> str:
    """What an output is called; the displayed loss and the rate have no names in the net."""
    return {"total": "loss", "rate": "lr"}.get(series.key.kind, series.key.name)
