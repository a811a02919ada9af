"""A blob as a solid: its face the spatial extents, its depth the channels."""

from __future__ import annotations

from math import log2
from typing import NamedTuple

from caffetools.drawing.scene import Rect, SceneItem, Text, polygon
from caffetools.layers.base import Shape

_SLANT = (0.55, 0.4)
"""How far the face's far edge lies right and up, as shares of its breadth."""
LABEL = 18.0
"""Below a solid, for its extents."""


class Solid(NamedTuple):
    """How large a solid is drawn. Extents count by their logarithm: 1000 is not 100 times 10."""

    thickness: float
    height: float
    right: float
    up: float

    @property
    def width(self) -> float:
        """With the face's slant."""
        return self.thickness + self.right

    @property
    def full_height(self) -> float:
        """With the face's slant."""
        return self.height + self.up


def solid(shape: Shape | None, lanes: int = 1) -> Solid:
    """The solid of a blob, or of its share of the channels where it runs in lanes."""
    if not shape:
        return Solid(26, 40, 0, 0)
    channels = shape[1] if len(shape) > 1 else shape[0]
    thickness = 7 + 4.2 * log2(max(channels // lanes, 1))
    if len(shape) < 3:
        return Solid(12, 20 + 6 * log2(max(channels // lanes, 1)), 0, 0)
    height, width = ((1, *shape[2:])[-2:]) if len(shape) > 3 else (shape[2], 1)
    breadth = 8 + 7 * log2(max(width, 1))
    return Solid(
        round(thickness, 1),
        round((12 + 9 * log2(max(height, 1))) * (0.8 if lanes > 1 else 1), 1),
        round(breadth * _SLANT[0], 1),
        round(breadth * _SLANT[1], 1),
    )


def solid_items(drawn: Solid, x: float, middle: float, label: str) -> list[SceneItem]:
    """The solid with its left edge at `x`, halfway up at `middle`, its extents below."""
    top = middle - drawn.full_height / 2 + drawn.up
    left, right, bottom = x, x + drawn.thickness, top + drawn.height
    items: list[SceneItem] = []
    if drawn.up:
        far = right + drawn.right
        items.append(
            polygon(
                [
                    (left, top),
                    (left + drawn.right, top - drawn.up),
                    (far, top - drawn.up),
                    (right, top),
                    (left, top),
                ],
                "volume-top",
            )
        )
        items.append(
            polygon(
                [
                    (right, top),
                    (far, top - drawn.up),
                    (far, bottom - drawn.up),
                    (right, bottom),
                    (right, top),
                ],
                "volume-side",
            )
        )
    items.append(Rect(left, top, drawn.thickness, drawn.height, "volume-front"))
    items.append(Text(x + drawn.width / 2, bottom + 14, label, "extent", "middle"))
    return items


def inner_extents(shape: Shape | None, lanes: int = 1) -> str:
    """One item of a blob, height and width before channels: `27 × 27 × 96`."""
    if shape is None:
        return "?"
    if len(shape) < 2:
        return str(shape[0]) if shape else "scalar"
    return " × ".join(map(str, (*shape[2:], shape[1] // lanes)))
