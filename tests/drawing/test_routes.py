"""Lines: corners made round, ways from column to column, places of entry."""

from __future__ import annotations

import pytest

from caffetools.drawing.graph_layout import layout
from caffetools.drawing.ranks import LayoutGraph, Size, Wire
from caffetools.drawing.routes import rounded
from caffetools.drawing.scene import Move
from tests.drawing.cases import check_layout


def test_rounded() -> None:
    assert rounded([(0, 0), (0, 20), (20, 20)]) == [
        Move((0, 14)),
        Move((6, 20), ((0, 20),)),
        Move((20, 20)),
    ]


def test_a_short_side_is_rounded_half_way() -> None:
    assert rounded([(0, 0), (0, 4), (20, 4)])[0] == Move((0, 2))
    assert rounded([(0, 0), (0, 0), (0, 9)])[0] == Move((0, 0))


CHAIN = LayoutGraph((Size(50, 20),) * 6, tuple(Wire(i, (i + 1,)) for i in range(5)))


def test_a_wire_leads_from_foot_to_head() -> None:
    found = layout(CHAIN, 2)
    check_layout(CHAIN, found)
    turn = found.routes[2].moves
    assert min(move.end[1] for move in turn) < found.corners[3][1]
    assert max(move.end[1] for move in turn) > found.corners[2][1] + 20
    assert found.corners[3][0] > found.corners[2][0] + 50


def test_wires_to_one_vertex_enter_it_apart() -> None:
    graph = LayoutGraph((Size(50, 20),) * 4, (Wire(0, (3,)), Wire(1, (3,)), Wire(2, (3,))))
    found = layout(graph)
    check_layout(graph, found)
    entries = sorted(route.ends[0][1][0] for route in found.routes)
    assert entries[1] - entries[0] >= 7
    assert entries[2] - entries[1] >= 7


@pytest.mark.parametrize("width", [0.0, 10.0])
def test_wires_enter_even_a_narrow_vertex(width: float) -> None:
    sizes = (*(Size(50, 20),) * 3, Size(width, 0))
    graph = LayoutGraph(sizes, (Wire(0, (3,)), Wire(1, (3,)), Wire(2, (3,))))
    check_layout(graph, layout(graph))
