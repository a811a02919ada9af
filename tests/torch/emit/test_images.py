"""Bottoms as images."""

from __future__ import annotations

from caffetools.proto.prototxt import parse
from caffetools.proto.source import Source
from caffetools.torch.emit.base import Bottom, Place, method
from caffetools.torch.emit.images import image


def test_image() -> None:
    place = Place(parse(Source("net", "")), ((2, 3, 4, 5), (2, 3), ()), (), ())
    assert image(place) == Bottom(0)
    assert image(place, 1) == method(Bottom(1), "reshape", 2, 3, 1, 1)
    assert image(place, 2) == method(Bottom(2), "reshape", 1, 1, 1, 1)
