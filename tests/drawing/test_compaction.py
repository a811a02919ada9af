"""Coordinates drawn together: nearer, never too near."""

from __future__ import annotations

from hypothesis import given

from caffetools.drawing.compaction import settled
from caffetools.drawing.ranks import ladders
from caffetools.drawing.wiring import LayoutGraph
from tests.drawing.test_coordinates import check_apart, laid
from tests.drawing.test_ranks import wiring, wirings


def settle(case: LayoutGraph) -> list[float]:
    made, breadths, x = laid(case)
    found = settled(made, x, breadths, len(case.sizes), ladders(case))
    check_apart(made, breadths, found)
    return found


@given(wirings())
def test_neighbours_stay_apart(case: LayoutGraph) -> None:
    settle(case)


def test_what_stands_far_off_comes_near() -> None:
    case = wiring(3, (0, (1, 2)))
    made, breadths, x = laid(case)
    x[made.rows[1][1]] += 500
    found = settled(made, x, breadths, 3, [])
    assert abs(found[2] - found[1]) == breadths[1]


def test_the_rungs_of_a_ladder_stand_in_line() -> None:
    x = settle(wiring(6, (0, (1,)), (1, (3, 4, 5)), (2, (3, 4, 5))))
    assert x[3] == x[4] == x[5]


def test_a_trunk_stays_straight_beside_its_shortcut() -> None:
    x = settle(wiring(5, (0, (1, 4)), (1, (2,)), (2, (3,)), (3, (4,))))
    assert x[0] == x[1] == x[2] == x[3] == x[4]
