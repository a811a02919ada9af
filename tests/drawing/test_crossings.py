"""Crossings counted, and taken away where they need not be."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given

from caffetools.drawing.crossings import crossings, sift, untangle
from caffetools.drawing.grid import Grid, grid
from caffetools.drawing.ranks import LayoutGraph, ranks
from tests.drawing.test_ranks import graph, graphs


def counted(made: Grid) -> int:
    """The same by looking at every pair of lines."""
    lines = [(a, b) for a, belows in enumerate(made.below) for b in belows]
    return sum(
        made.rank[a] == made.rank[c]
        and (made.place[a] - made.place[c]) * (made.place[b] - made.place[d]) < 0
        for (a, b), (c, d) in combinations(lines, 2)
    )


@given(graphs())
def test_counted_and_never_made_more(case: LayoutGraph) -> None:
    made = grid(case, ranks(case))
    before = crossings(made)
    assert before == counted(made)
    untangle(made)
    assert crossings(made) == counted(made) <= before
    assert sorted(point for row in made.rows for point in row) == list(range(len(made.rank)))


@pytest.mark.parametrize(
    ("case", "least"),
    [
        (graph(4, (0, (3,)), (1, (2,))), 0),
        (graph(5, (0, (2, 3)), (1, (3, 4)), (2, ()), (3, ()), (4, ())), 0),
        (graph(7, (0, (1, 2, 3)), (1, (6,)), (2, (5,)), (3, (4,))), 0),
        # Three wires, each read by the same three: 9 crossings side by side (Zarankiewicz).
        (
            graph(
                7, (0, (3, 4, 5)), (1, (3, 4, 5)), (2, (3, 4, 5)), (3, (6,)), (4, (6,)), (5, (6,))
            ),
            9,
        ),
    ],
)
def test_untangle(case: LayoutGraph, least: int) -> None:
    made = grid(case, ranks(case))
    untangle(made)
    assert crossings(made) == least


def test_no_order_is_made_twice_in_two_ways() -> None:
    case = graph(9, (0, (3, 5, 7)), (1, (4, 6)), (2, (5, 8)), (3, (8,)), (4, (7,)))
    orders = []
    for _ in range(2):
        made = grid(case, ranks(case))
        untangle(made)
        orders.append(made.rows)
    assert orders[0] == orders[1]


def test_a_long_wire_goes_to_the_other_side() -> None:
    # A trunk 0-1-2-3-4; the wire 0-4 runs left of it, and side branches 5, 6 further left.
    case = graph(7, (0, (1, 4)), (1, (2, 5)), (2, (3, 6)), (3, (4,)))
    made = grid(case, ranks(case))
    wire = made.trunks[0][1:]
    made.rows = [[0], [wire[0], 1], [5, wire[1], 2], [6, wire[2], 3], [4]]
    made.number()
    assert crossings(made) == 2
    sift(made)
    assert crossings(made) == 0


@given(graphs())
def test_points_stay_in_their_rows(case: LayoutGraph) -> None:
    made = grid(case, ranks(case))
    rows = [sorted(row) for row in made.rows]
    sift(made)
    assert [sorted(row) for row in made.rows] == rows
    assert all(made.place[point] == i for row in made.rows for i, point in enumerate(row))
