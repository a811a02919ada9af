"""Draw curves over iterations: axes, lines, and marks of events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import floor, isfinite, log10
from typing import NamedTuple

from caffetools.drawing.scene import Move, Path, Rect, Scene, SceneGroup, SceneItem, Text, polyline
from caffetools.drawing.style import EVENTS, fitted, styled_width

WIDTH, HEIGHT = 720.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 24.0, 12.0, 44.0
AREA = {"left": LEFT, "right": WIDTH - RIGHT, "top": TOP, "bottom": HEIGHT - BOTTOM}
"""Edges of the drawing's inner part, for the script of a page."""
_EQUAL = 1e-9
"""Maximum relative difference of values that an axis treats as equal."""
MAX_POINTS = 800
"""Maximum number of points of a line."""
_FAR = 3
"""Ratio of ranges with and without outliers from which these are ignored."""
_TICK = 8
"""Height of an event's tick, in pixels."""
_LEGEND_ROW = 16
_MAX_NAME = 200
"""Maximum width of a name in the legend, in pixels."""


class ChartLine(NamedTuple):
    """A line, as points (iteration, value); `colour` is a number of `style.LINES`."""

    name: str
    points: tuple[tuple[float, float], ...]
    colour: int = 0
    dash: int = 0


class EventMark(NamedTuple):
    """An event at an iteration; `kind` is a key of `style.EVENTS`."""

    x: float
    words: str
    kind: str


class Axis(NamedTuple):
    """Scale of an axis."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Return the position of a value on the axis, from 0 to 1."""
        return (value - self.low) / (self.high - self.low)


def chart(
    title: str, series: Sequence[ChartLine], marks: Sequence[EventMark] = (), *, legend: bool = True
) -> Scene:
    """Draw lines over iterations; points that are not finite are left out.

    With a legend the chart is a picture of its own, with a background. Values far outside of all
    others are drawn at the edge.
    """
    lines = [s._replace(points=thinned(s.points)) for s in series]
    x = axis([point[0] for line in lines for point in line.points])
    y = axis(value_span([[value for _, value in line.points] for line in lines]))
    marks = [mark for mark in marks if x.low <= mark.x <= x.high]
    items: list[SceneItem] = [*_grid(x, y), *_ticks(marks, x)]
    for line in lines:
        moves: list[Move] = []
        for run in runs(line.points):
            placed = [place((at, min(max(value, y.low), y.high)), x, y) for at, value in run]
            moves.append(Move(placed[0], start=True))
            moves.extend(map(Move, placed[1:] or placed))
        path = Path(tuple(moves), f"line-{line.colour}")
        items.append(SceneGroup((path,) if moves else (), line.name, (("dash", str(line.dash)),)))
    height = HEIGHT
    if legend:
        keys = [(line.name, f"line-{line.colour}") for line in lines]
        entries, height = _legend(keys + event_key(marks))
        items[:0] = [Rect(0, 0, WIDTH, height, "paper")]
        items.extend(entries)
    description = "; ".join(map(_description, lines)) or "no points"
    return Scene(WIDTH, height, title, description, tuple(items))


def value_span(lines: Sequence[Sequence[float]]) -> list[float]:
    """Return the ends of an axis of values.

    Up to a twentieth of the values of each line, at least one, is ignored at an end if the range
    is more than three times as long with them.
    """
    lows: list[float] = []
    highs: list[float] = []
    for line in lines:
        ordered = sorted(line)
        if ordered:
            spare = min(max(len(ordered) // 20, 1), (len(ordered) - 1) // 2)
            lows.append(ordered[spare])
            highs.append(ordered[-1 - spare])
    if not lows:
        return []
    ends = [min(map(min, filter(None, lines))), max(map(max, filter(None, lines)))]
    low, high = min(lows), max(highs)
    if high > low:
        ends[0] = ends[0] if high - ends[0] <= _FAR * (high - low) else low
        ends[1] = ends[1] if ends[1] - low <= _FAR * (high - low) else high
    return ends


def place(point: tuple[float, float], x: Axis, y: Axis) -> tuple[float, float]:
    """Return the position of a point in the drawing."""
    return (
        LEFT + x.share(point[0]) * (WIDTH - LEFT - RIGHT),
        HEIGHT - BOTTOM - y.share(point[1]) * (HEIGHT - TOP - BOTTOM),
    )


def axis(values: Sequence[float], wanted: int = 5) -> Axis:
    """Return an axis from the minimum to the maximum, with ticks at round numbers."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if high - low <= _EQUAL * max(abs(low), abs(high)):
        spare = abs(low) * 0.5 or 1.0
        low, high = low - spare, high + spare
    rough = (high - low) / wanted
    power = 10.0 ** floor(log10(rough)) if rough > 0 else 1.0
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = -floor(-low / step + _EQUAL), floor(high / step + _EQUAL)
    ticks = tuple(float(f"{n * step:.12g}") for n in range(first, last + 1))
    return Axis(low, high, ticks)


def thinned(
    points: Sequence[tuple[float, float]], most: int = MAX_POINTS
) -> tuple[tuple[float, float], ...]:
    """Return the finite points; of too many, the minimum and maximum of each interval."""
    finite = [point for point in points if isfinite(point[0]) and isfinite(point[1])]
    if len(finite) <= most:
        return tuple(finite)
    size = -(-2 * len(finite) // most)
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
    items.append(polyline([(LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM)], "rule"))
    for value in x.ticks:
        left, _ = place((value, y.low), x, y)
        items.append(Text(left, HEIGHT - BOTTOM + 16, number(value), "tick", "middle"))
    items.append(Text(WIDTH - RIGHT, HEIGHT - 6, "iteration", "tick", "end"))
    return items


def event_key(marks: Sequence[EventMark]) -> list[tuple[str, str]]:
    """Return the title and style of each look of events."""
    looks = {EVENTS[mark.kind].title: f"event-{mark.kind}" for mark in reversed(marks)}
    return list(looks.items())[::-1]


def _ticks(marks: Sequence[EventMark], x: Axis) -> Iterator[SceneGroup]:
    """Yield a tick for each event; events of one kind at the same pixel share a tick."""
    found: dict[tuple[str, int], list[str]] = {}
    for mark in marks:
        left = LEFT + x.share(mark.x) * (WIDTH - LEFT - RIGHT)
        found.setdefault((mark.kind, round(left)), []).append(mark.words)
    for (kind, left), words in found.items():
        more = f" and {len(words) - 1} more" if len(words) > 1 else ""
        line = polyline([(left, HEIGHT - BOTTOM - _TICK), (left, HEIGHT - BOTTOM)], f"event-{kind}")
        yield SceneGroup((line,), words[0] + more)


def _legend(keys: Sequence[tuple[str, str]]) -> tuple[list[SceneItem], float]:
    """Return rows of names and styles below the chart, and the height of all."""
    items: list[SceneItem] = []
    x, y = LEFT, HEIGHT + 6
    for title, style in keys:
        name = fitted(title, "legend", _MAX_NAME)
        width = 23 + styled_width(name, "legend") + 18
        if x > LEFT and x + width > WIDTH:
            x, y = LEFT, y + _LEGEND_ROW
        items.append(polyline([(x, y), (x + 18, y)], style))
        items.append(Text(x + 23, y + 3.5, name, "legend"))
        x += width
    return items, y + 10


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
