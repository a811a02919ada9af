"""Draw curves over iterations: axes, lines, and marks of events."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, log10
from typing import NamedTuple

from caffetools.drawing.scene import Move, Path, Rect, Scene, SceneGroup, SceneItem, Text, polyline
from caffetools.drawing.style import LINES, styled_width

WIDTH, HEIGHT = 720.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 16.0, 34.0, 40.0
_EQUAL = 1e-9
"""Maximum relative difference of values that an axis treats as equal."""
_MAX_POINTS = 800
"""Maximum number of points of a line."""


class ChartLine(NamedTuple):
    """A line, as points (iteration, value)."""

    name: str
    points: tuple[tuple[float, float], ...]


class EventMark(NamedTuple):
    """An event at an iteration."""

    x: float
    words: str


class Axis(NamedTuple):
    """Scale of an axis."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Return the position of a value on the axis, from 0 to 1."""
        return (value - self.low) / (self.high - self.low)


def chart(title: str, series: Sequence[ChartLine], marks: Sequence[EventMark] = ()) -> Scene:
    """Draw lines over iterations; points that are not finite are left out."""
    lines = [s._replace(points=thinned(s.points)) for s in series]
    points = [point for line in lines for point in line.points]
    x = axis([point[0] for point in points])
    y = axis([point[1] for point in points])
    items: list[SceneItem] = [*_grid(x, y)]
    items.extend(_mark(mark, x) for mark in marks if x.low <= mark.x <= x.high)
    for number, line in enumerate(lines):
        style = f"line-{number % len(LINES)}"
        for run in runs(line.points):
            placed = [place(point, x, y) for point in run]
            moves = (Move(placed[0], start=True), *map(Move, placed[1:]))
            items.append(SceneGroup((Path(moves, style),), line.name))
    items.extend(_legend(lines))
    description = "; ".join(map(_description, lines)) or "no points"
    return Scene(WIDTH, HEIGHT, title, description, tuple(items))


def place(point: tuple[float, float], x: Axis, y: Axis) -> tuple[float, float]:
    """Return the position of a point in the drawing."""
    return (
        LEFT + x.share(point[0]) * (WIDTH - LEFT - RIGHT),
        HEIGHT - BOTTOM - y.share(point[1]) * (HEIGHT - TOP - BOTTOM),
    )


def axis(values: Sequence[float], wanted: int = 5) -> Axis:
    """Return an axis over all values, with ticks at round numbers."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if high - low <= _EQUAL * max(abs(low), abs(high)):
        spare = abs(low) * 0.5 or 1.0
        low, high = low - spare, high + spare
    rough = (high - low) / wanted
    power = 10.0 ** floor(log10(rough)) if rough > 0 else 1.0
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = floor(low / step), -floor(-high / step)
    ticks = tuple(float(f"{n * step:.12g}") for n in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def thinned(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return the finite points; of too many, the minimum and maximum of each interval."""
    finite = [point for point in points if isfinite(point[0]) and isfinite(point[1])]
    if len(finite) <= _MAX_POINTS:
        return tuple(finite)
    size = -(-2 * len(finite) // _MAX_POINTS)
    kept: list[tuple[float, float]] = []
    for start in range(0, len(finite), size):
        part = range(start, min(start + size, len(finite)))
        least = min(part, key=lambda i: finite[i][1])
        most = max(part, key=lambda i: finite[i][1])
        kept.extend(finite[i] for i in sorted({least, most}))
    return tuple(kept)


def runs(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Split points where iterations fall, as they do where a resumed run repeats iterations."""
    found: list[list[tuple[float, float]]] = []
    for point in points:
        if not found or point[0] < found[-1][-1][0]:
            found.append([])
        found[-1].append(point)
    return found


def _grid(x: Axis, y: Axis) -> list[SceneItem]:
    items: list[SceneItem] = []
    for value in y.ticks:
        _, height = place((x.low, value), x, y)
        items.append(polyline([(LEFT, height), (WIDTH - RIGHT, height)], "rule"))
        items.append(Text(LEFT - 8, height + 3.5, number(value), "tick", "end"))
    for value in x.ticks:
        left, _ = place((value, y.low), x, y)
        items.append(Text(left, HEIGHT - BOTTOM + 16, number(value), "tick", "middle"))
    items.append(Text(WIDTH - RIGHT, HEIGHT - 6, "iteration", "tick", "end"))
    return items


def _mark(mark: EventMark, x: Axis) -> SceneGroup:
    left = LEFT + x.share(mark.x) * (WIDTH - LEFT - RIGHT)
    line = polyline([(left, TOP), (left, HEIGHT - BOTTOM)], "mark")
    return SceneGroup((line, Rect(left - 3, TOP - 6, 6, 6, "mark-head", 3)), mark.words)


def _legend(lines: Sequence[ChartLine]) -> list[SceneItem]:
    items: list[SceneItem] = []
    x = LEFT
    for index, line in enumerate(lines):
        items.append(polyline([(x, 14), (x + 18, 14)], f"line-{index % len(LINES)}"))
        items.append(Text(x + 23, 17.5, line.name, "legend"))
        x += 23 + styled_width(line.name, "legend") + 18
    return items


def _description(line: ChartLine) -> str:
    if not line.points:
        return f"{line.name}: no points"
    (x0, y0), (x1, y1) = line.points[0], line.points[-1]
    return (
        f"{line.name}: from {number(y0)} at {number(x0)} to {number(y1)} at {number(x1)}, "
        f"least {number(min(y for _, y in line.points))}"
    )


def number(value: float) -> str:
    """Return a number to six digits."""
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"
