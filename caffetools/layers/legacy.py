"""Blobs as Caffe saw them before March 2015, and many forks' layers still do: of four axes."""

from __future__ import annotations

from caffetools.layers.base import Shape
from caffetools.layers.checks import check_axes


def four_axes(shape: Shape) -> Shape:
    """num, channels, height and width, 1 where the blob has no such axis (blob.hpp, LegacyShape).

    Raises ShapeError for more than four axes.
    """
    check_axes(shape, 0, 4)
    return shape + (1,) * (4 - len(shape))
