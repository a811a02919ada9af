"""Rows: below what is read, sources close to their readers, rungs of a ladder apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.drawing.ranks import LayoutGraph, Size, Wire, ladders, ranks


def graph(count: int, *wires: tuple[int, tuple[int, ...]]) -> LayoutGraph:
    return LayoutGraph((Size(1, 1),) * count, tuple(Wire(*wire) for wire in wires))


@st.composite
def graphs(draw: st.DrawFn) -> LayoutGraph:
    """Any graph of a few vertices."""
    count = draw(st.integers(1, 14))
    wires = []
    for source in range(count):
        for _ in range(draw(st.integers(0, 2))):
            readers = draw(st.sets(st.integers(source + 1, count)))
            wires.append(Wire(source, tuple(sorted(readers - {count})), draw(st.integers(0, 60))))
    sizes = tuple(Size(draw(st.integers(0, 90)), draw(st.integers(0, 40))) for _ in range(count))
    return LayoutGraph(sizes, tuple(wires))


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (graph(0), []),
        (graph(3, (0, (1,)), (1, (2,))), [0, 1, 2]),
        (graph(4, (0, (1, 3)), (1, (2,)), (2, (3,))), [0, 1, 2, 3]),  # a shortcut
        (graph(4, (0, (1,)), (1, (3,)), (2, (3,))), [0, 1, 1, 2]),  # a source near its reader
        (graph(4, (0, (2, 3)), (1, (2, 3))), [0, 0, 1, 2]),  # a ladder
        (graph(4, (0, (1, 2, 3))), [0, 1, 1, 1]),  # one wire: no ladder
    ],
)
def test_ranks(case: LayoutGraph, expected: list[int]) -> None:
    assert ranks(case) == expected


def test_ladders() -> None:
    both = [(0, (2, 3, 4, 5)), (1, (2, 3, 5)), (5, (6,))]
    assert ladders(graph(7, *both)) == [(2, 3)]


@given(graphs())
def test_readers_stand_below(case: LayoutGraph) -> None:
    found = ranks(case)
    assert min(found) == 0
    for wire in case.wires:
        assert all(found[wire.source] < found[reader] for reader in wire.readers)
