"""Anchors of Faster R-CNN: boxes of some scales and ratios around a square."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

Anchors: TypeAlias = "list[tuple[float, float, float, float]]"


def anchors(
    base_size: int,
    ratios: Sequence[float],
    scales: Sequence[float],
    rounded: Callable[[float], int] = round,
) -> Anchors:
    """Return boxes (x1, y1, x2, y2) around a square, for each ratio of height to width and scale.

    Sides are rounded before they are scaled (generate_anchors.py, proposal_layer.cpp).
    """
    centre = (base_size - 1) / 2
    boxes: Anchors = []
    for ratio in ratios:
        width = rounded(math.sqrt(base_size**2 / ratio))
        height = rounded(width * ratio)
        for scale in scales:
            right, down = (width * scale - 1) / 2, (height * scale - 1) / 2
            boxes.append((centre - right, centre - down, centre + right, centre + down))
    return boxes


def round_half_up(value: float) -> int:
    """Round as the C++ layer does; Python's rounds to even."""
    return math.floor(value + 0.5)
