"""Arithmetic of boxes in single precision, as the SSD fork has it (bbox_util.cpp).

Boxes are arrays of (boxes, 4): xmin, ymin, xmax, ymax in units of the image's extents.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

UNIT = (0.0, 0.0, 1.0, 1.0)
"""The whole image."""


def areas(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the area of each box, 0 for one without a side (BBoxSize)."""
    width, height = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    return np.where((width < 0) | (height < 0), np.float32(0), width * height)


def projected(
    window: NDArray[np.float32], boxes: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return boxes in units of a window, clipped, and which of them it shows (ProjectBBox)."""
    apart = (boxes[:, :2] >= window[2:]) | (boxes[:, 2:] <= window[:2])
    corner, size = np.tile(window[:2], 2), np.tile(window[2:] - window[:2], 2)
    with np.errstate(all="ignore"):
        inside = ((boxes - corner) / size).clip(0, 1)
    return inside, ~apart.any(1) & (areas(inside) > 0)


def intersections(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the common part of each two boxes; all zeros where there is none (IntersectBBox)."""
    apart = (second[..., :2] > first[..., 2:]) | (second[..., 2:] < first[..., :2])
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    common = np.concatenate([low, high], -1)
    return np.where(apart.any(-1, keepdims=True), np.float32(0), common)


def jaccard(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the intersection over the union of each two boxes (JaccardOverlap)."""
    common = areas(intersections(first, second))
    return _ratio(common, areas(first) + areas(second) - common)


def coverage(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the part of each first box that the second covers (BBoxCoverage)."""
    return _ratio(areas(intersections(first, second)), areas(first))


def _ratio(part: NDArray[np.float32], whole: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 0 for a part of 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=part > 0)
