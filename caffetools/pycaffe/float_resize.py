"""Bilinear resizing of float images as scikit-image and SciPy do it, in matrices of weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]

_TRUNCATE = 4.0
"""Standard deviations that a Gaussian filter covers (scipy.ndimage)."""


def resized(image: Image, height: int, width: int, order: int = 1) -> Image:
    """Resize `(H, W, C)` as `skimage.transform.resize(mode="constant")` does.

    Pixels count as areas; around the image is 0. A smaller image is filtered first, as
    scikit-image does from 0.15 on. `order` is 0 for the nearest pixel or 1 for bilinear.
    """
    rows, columns = (
        _areas(old, new, order) @ _smoothing(old, new)
        for old, new in zip(image.shape[:2], (height, width), strict=True)
    )
    return _applied(rows, columns, image)


def zoomed(image: Image, height: int, width: int, order: int = 1) -> Image:
    """Resize `(H, W, C)` as `scipy.ndimage.zoom` does: corners are at corners."""
    rows, columns = (
        _corners(old, new, order) for old, new in zip(image.shape[:2], (height, width), strict=True)
    )
    return _applied(rows, columns, image)


def _applied(rows: Image, columns: Image, image: Image) -> Image:
    result: Image = np.einsum("ij,jkc,lk->ilc", rows, image, columns, optimize=True)
    return result


def _areas(old: int, new: int, order: int) -> Image:
    return _weights((np.arange(new) + 0.5) * old / new - 0.5, old, order)


def _corners(old: int, new: int, order: int) -> Image:
    step = (old - 1) / (new - 1) if new > 1 else 1.0
    places = np.arange(new) * step
    # SciPy takes 0 where rounding puts the last place beyond the last pixel.
    return np.where(places[:, np.newaxis] > old - 1, 0, _weights(places, old, order))


def _weights(places: Image, old: int, order: int) -> Image:
    """Return the matrix that takes each place from the pixels around it, 0 outside."""
    if order not in (0, 1):
        raise NotImplementedError(f"interpolation of order {order}; use 0 or 1, or scikit-image")
    weights = np.zeros((len(places), old))
    for row, place in enumerate(places):
        first = math.floor(place + (0.5 if order == 0 else 0))
        part = place - first if order else 0.0
        for column, weight in ((first, 1 - part), (first + 1, part)):
            if 0 <= column < old:
                weights[row, column] += weight
    return weights


def _smoothing(old: int, new: int) -> Image:
    """Return the matrix of the Gaussian filter before an image is made smaller."""
    sigma = max(0.0, (old / new - 1) / 2)
    radius = int(_TRUNCATE * sigma + 0.5)
    if not radius:
        return np.eye(old)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.zeros((old, old + 2 * radius))
    for row in range(old):
        padded[row, row : row + 2 * radius + 1] = kernel
    return padded[:, radius : radius + old]
