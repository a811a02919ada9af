"""Scenes flattened, and figures of straight lines."""

from __future__ import annotations

from caffetools.drawing.scene import Move, Rect, SceneGroup, Text, flat, polyline


def test_offsets_of_groups_add_up() -> None:
    rect, text = Rect(1, 2, 3, 4, "box"), Text(5, 6, "words", "name")
    inner = SceneGroup((text,), offset=(10, 20))
    outer = SceneGroup((rect, inner), offset=(100, 200))
    assert list(flat((outer, rect))) == [(rect, 100, 200), (text, 110, 220), (rect, 0, 0)]


def test_a_polygon_starts_once() -> None:
    path = polyline([(0, 0), (1, 0), (0, 0)], "arrow")
    assert path.moves == (Move((0, 0), start=True), Move((1, 0)), Move((0, 0)))
