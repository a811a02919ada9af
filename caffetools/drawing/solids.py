"""A blob as a solid: its face shows the spatial size, its depth the channels."""

from __future__ import annotations

from math import log2
from typing import NamedTuple

from caffetools.drawing.scene import Rect, SceneItem, Text, polyline
from caffetools.layers.blobs import Shape

_SLANT = (0.55, 0.4)
"""Horizontal and vertical offset of the far edge of the face, as shares of its breadth."""
LABEL = 18.0
"""Height of the label below a solid."""


class Solid(NamedTuple):
    """Size of a drawn solid, in pixels; it grows with the logarithm of the blob's size."""

    thickness: float
    height: float
    right: float
    up: float

    @property
    def width(self) -> float:
        """Width including the slant."""
        return self.thickness + self.right

    @property
    def full_height(self) -> float:
        """Height including the slant."""
        return self.height + self.up


def solid(shape: Shape | None, groups: int = 1) -> Solid:
    """Return the solid of a blob, or of one of `groups` equal shares of its channels."""
    if not shape:
        return Solid(26, 40, 0, 0)
    channels = max((shape[1] if len(shape) > 1 else shape[0]) // groups, 1)
    if len(shape) < 3:
        return Solid(12, 20 + 6 * log2(channels), 0, 0)
    height, width = shape[-2:] if len(shape) > 3 else (shape[2], 1)
    breadth = 8 + 7 * log2(max(width, 1))
    return Solid(
        round(7 + 4.2 * log2(channels), 1),
        round((12 + 9 * log2(max(height, 1))) * (0.8 if groups > 1 else 1), 1),
        round(breadth * _SLANT[0], 1),
        round(breadth * _SLANT[1], 1),
    )


def solid_items(
    drawn: Solid, x: float, middle: float, label: str = "", style: str = "volume-front"
) -> list[SceneItem]:
    """Draw a solid with its left edge at `x`, centered vertically at `middle`, and its label."""
    top = middle - drawn.full_height / 2 + drawn.up
    right, bottom = x + drawn.thickness, top + drawn.height
    items: list[SceneItem] = []
    if drawn.up:
        dx, dy = drawn.right, -drawn.up
        back = right + dx
        face = [(x, top), (x + dx, top + dy), (back, top + dy), (right, top), (x, top)]
        side = [(right, top), (back, top + dy), (back, bottom + dy), (right, bottom), (right, top)]
        items = [polyline(face, "volume-top"), polyline(side, "volume-side")]
    items.append(Rect(x, top, drawn.thickness, drawn.height, style))
    if label:
        items.append(Text(x + drawn.width / 2, bottom + 14, label, "extent", "middle"))
    return items
