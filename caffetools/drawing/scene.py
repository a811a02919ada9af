"""A drawing as data: rectangles, texts and paths, in pixels from the top left corner.

An item names its style (see style.py). Back ends turn a scene into SVG, PNG or PDF without
measuring or moving anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

Point: TypeAlias = "tuple[float, float]"
Anchor: TypeAlias = "Literal['start', 'middle', 'end']"


class Rect(NamedTuple):
    """A rectangle with rounded corners."""

    x: float
    y: float
    width: float
    height: float
    style: str
    radius: float = 0
    opacity: float = 1
    """Opacity of the fill, which shows a share as a shade."""


class Text(NamedTuple):
    """One line of text; `y` is its baseline."""

    x: float
    y: float
    text: str
    style: str
    anchor: Anchor = "start"


class Move(NamedTuple):
    """A part of a path: a line to `end`, or a Bezier curve with one or two control points.

    With `start`, move to `end` without drawing: the first part of a path, or of a piece of it.
    """

    end: Point
    controls: tuple[Point, ...] = ()
    start: bool = False


class Path(NamedTuple):
    """Lines and curves."""

    moves: tuple[Move, ...]
    style: str


class SceneGroup(NamedTuple):
    """Items that belong together."""

    items: tuple[SceneItem, ...]
    title: str = ""
    """Tooltip, also read by screen readers."""
    data: tuple[tuple[str, str], ...] = ()
    """`data-` attributes by which scripts find the group: names without `data-`, and values."""
    offset: Point = (0, 0)
    """Translation of all items."""


Primitive: TypeAlias = "Rect | Text | Path"
SceneItem: TypeAlias = "Rect | Text | Path | SceneGroup"


class Picture(NamedTuple):
    """Items relative to the top left corner of a part of a drawing."""

    width: float
    height: float
    items: tuple[SceneItem, ...]


class Scene(NamedTuple):
    """A whole drawing."""

    width: float
    height: float
    title: str
    description: str
    items: tuple[SceneItem, ...]


def polyline(points: Sequence[Point], style: str) -> Path:
    """Draw a line through points; it is closed if the last point is the first."""
    return Path((Move(points[0], start=True), *map(Move, points[1:])), style)


def flat(
    items: Sequence[SceneItem], x: float = 0, y: float = 0
) -> Iterator[tuple[Primitive, float, float]]:
    """Yield all items that are not groups, each with its offset."""
    for item in items:
        if isinstance(item, SceneGroup):
            yield from flat(item.items, x + item.offset[0], y + item.offset[1])
        else:
            yield item, x, y
