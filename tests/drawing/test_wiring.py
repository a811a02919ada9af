"""A wiring is plain data: equal if its parts are."""

from __future__ import annotations

from caffetools.drawing.wiring import LayoutGraph, Size, Wire


def test_wirings_are_values() -> None:
    first, second = (LayoutGraph((Size(1, 2),), (Wire(0, (1, 2)),)) for _ in range(2))
    assert first == second
    assert first.wires[0].width == 0
