"""Blobs as solids."""

from __future__ import annotations

import pytest

from caffetools.drawing.scene import Path, Rect, Text
from caffetools.drawing.solids import solid, solid_items


def test_more_is_larger() -> None:
    small, large = solid((1, 3, 13, 13)), solid((1, 96, 55, 55))
    assert all(a < b for a, b in zip(small, large, strict=True))
    assert solid((1, 96, 55, 55), 2).thickness < large.thickness
    assert large.width == large.thickness + large.right
    assert large.full_height == large.height + large.up


@pytest.mark.parametrize("shape", [(), None, (0,), (4, 0, 0, 0), (5,), (5, 6), (5, 6, 7)])
def test_odd_shapes_have_a_solid(shape: tuple[int, ...] | None) -> None:
    assert solid(shape).width > 0
    assert solid(shape).height > 0


def test_a_solid_lies_within_its_height() -> None:
    drawn = solid((1, 96, 55, 55))
    items = solid_items(drawn, 10, 100, "label")
    label = items[-1]
    assert isinstance(label, Text)
    ys = [move.end[1] for item in items if isinstance(item, Path) for move in item.moves]
    front = next(item for item in items if isinstance(item, Rect))
    assert min(ys) == pytest.approx(100 - drawn.full_height / 2)
    assert front.y + front.height == pytest.approx(100 + drawn.full_height / 2)
    assert label.y > front.y + front.height
