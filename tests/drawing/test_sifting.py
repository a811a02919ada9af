"""Runs of points taken past others as one."""

from __future__ import annotations

from hypothesis import given

from caffetools.drawing.crossings import crossings
from caffetools.drawing.grid import grid
from caffetools.drawing.ranks import ranks
from caffetools.drawing.sifting import sift
from caffetools.drawing.wiring import LayoutGraph
from tests.drawing.test_ranks import wiring, wirings


def test_a_long_wire_goes_to_the_other_side() -> None:
    # A trunk 0-1-2-3-4; the wire 0-4 stands left of it, and side branches 5, 6 further left.
    case = wiring(7, (0, (1, 4)), (1, (2, 5)), (2, (3, 6)), (3, (4,)))
    made = grid(case, ranks(case))
    wire = made.trunks[0][1:]
    made.rows = [[0], [wire[0], 1], [5, wire[1], 2], [6, wire[2], 3], [4]]
    made.number()
    assert crossings(made) == 2
    sift(made)
    assert crossings(made) == 0


@given(wirings())
def test_points_stay_in_their_rows(case: LayoutGraph) -> None:
    made = grid(case, ranks(case))
    rows = [sorted(row) for row in made.rows]
    sift(made)
    assert [sorted(row) for row in made.rows] == rows
    assert all(made.place[point] == i for row in made.rows for i, point in enumerate(row))
