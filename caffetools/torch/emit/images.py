"""Bottoms as images: the four axes that old layers see in any blob."""

from __future__ import annotations

from caffetools.layers.legacy import four_axes
from caffetools.torch.emit.base import Bottom, Expression, Place, method


def image(place: Place, index: int = 0) -> Expression:
    """A bottom as N x C x H x W, with extents of 1 for the axes that it does not have."""
    shape = place.bottoms[index]
    if len(shape) == 4:
        return Bottom(index)
    return method(Bottom(index), "reshape", *four_axes(shape))
