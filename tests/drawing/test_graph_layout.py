"""Whole layouts: what holds of every one, and that large ones are no trouble."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from caffetools.drawing.graph_layout import layout
from caffetools.drawing.ranks import LayoutGraph, Size, Wire
from tests.drawing.cases import check_layout
from tests.drawing.test_ranks import graphs


@given(graphs(), st.none() | st.integers(1, 4))
def test_nothing_overlaps_and_every_wire_arrives(case: LayoutGraph, columns: int | None) -> None:
    labels: dict[int, list[float]] = {}
    for wire in case.wires:
        labels.setdefault(wire.source, []).append(wire.width)
    sizes = tuple(  # a vertex is as wide as the labels under it
        Size(max(size.width, sum(w + 6 for w in labels.get(vertex, []))), size.height)
        for vertex, size in enumerate(case.sizes)
    )
    wide = case._replace(sizes=sizes)
    found = layout(wide, columns)
    check_layout(wide, found)
    assert layout(wide, columns) == found
    for (x, y), size in zip(found.corners, sizes, strict=True):
        assert x >= -1e-6
        assert y >= 0
        assert x + size.width <= found.width + 1e-6
        assert y + size.height <= found.height


def test_nothing_to_lay_out() -> None:
    assert layout(LayoutGraph((), ())).corners == ()


def test_labels_stand_in_the_order_of_their_readers() -> None:
    wires = (Wire(0, (2,), 40), Wire(0, (1,), 40), Wire(1, (3,)), Wire(2, ()))
    graph = LayoutGraph((Size(86, 20), *(Size(50, 20),) * 3), wires)
    found = layout(graph)
    right, left = found.routes[:2]
    assert found.crossings == 0
    assert (right.start[0] > left.start[0]) is (found.corners[2][0] > found.corners[1][0])


def test_a_long_net() -> None:
    count = 1300
    wires = [
        Wire(i, (i + 1, min(i + 5, count - 1)) if i % 4 == 0 else (i + 1,))
        for i in range(count - 1)
    ]
    graph = LayoutGraph((Size(100, 40),) * count, (Wire(0, (count - 1,)), *wires))
    check_layout(graph, layout(graph))
