"""A drawing as data: rectangles, texts and paths, in pixels from the top left corner.

What a thing looks like is the name of a style (see style.py). Back ends turn a scene into SVG, PNG
or PDF; none of them measures or moves anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

Point: TypeAlias = "tuple[float, float]"
Anchor: TypeAlias = "Literal['start', 'middle', 'end']"


class Rect(NamedTuple):
    """A rectangle, its corners rounded."""

    x: float
    y: float
    width: float
    height: float
    style: str
    radius: float = 0
    opacity: float = 1
    """Of the fill: how a share is shown as a shade."""


class Text(NamedTuple):
    """One line of text; `y` is its baseline."""

    x: float
    y: float
    text: str
    style: str
    anchor: Anchor = "start"


class Move(NamedTuple):
    """A part of a path: to `end` as a line, or as a Bezier curve by one or two control points.

    The first of a path's parts, and each that starts anew, has `start` set.
    """

    end: Point
    controls: tuple[Point, ...] = ()
    start: bool = False


class Path(NamedTuple):
    """Lines and curves."""

    moves: tuple[Move, ...]
    style: str


class SceneGroup(NamedTuple):
    """Things that belong together, with what a reader may ask of them."""

    items: tuple[SceneItem, ...]
    title: str = ""
    """In full; for people who hover or listen."""
    data: tuple[tuple[str, str], ...] = ()
    """What scripts find the group by: names without `data-`, and values."""
    offset: Point = (0, 0)
    """By how much all in it is moved."""


Primitive: TypeAlias = "Rect | Text | Path"
SceneItem: TypeAlias = "Rect | Text | Path | SceneGroup"


class Scene(NamedTuple):
    """A whole drawing."""

    width: float
    height: float
    title: str
    description: str
    items: tuple[SceneItem, ...]


def polygon(points: Sequence[Point], style: str) -> Path:
    """A closed figure, or an open line if its last point is not its first."""
    return Path((Move(points[0], start=True), *(Move(point) for point in points[1:])), style)


def flat(
    items: Sequence[SceneItem], x: float = 0, y: float = 0
) -> Iterator[tuple[Primitive, float, float]]:
    """All that is no group, with the offset that it is drawn at."""
    for item in items:
        if isinstance(item, SceneGroup):
            yield from flat(item.items, x + item.offset[0], y + item.offset[1])
        else:
            yield item, x, y
