"""Coordinates moved towards joined points, never too near."""

from __future__ import annotations

from hypothesis import given

from caffetools.drawing.compaction import compacted
from caffetools.drawing.ranks import LayoutGraph, ladders
from tests.drawing.test_coordinates import check_apart, laid
from tests.drawing.test_ranks import graph, graphs


def settle(case: LayoutGraph) -> list[float]:
    made, breadths, x = laid(case)
    found = compacted(made, x, breadths, ladders(case))
    check_apart(made, breadths, found)
    return found


@given(graphs())
def test_neighbours_stay_apart(case: LayoutGraph) -> None:
    settle(case)


def test_distant_boxes_are_drawn_together() -> None:
    case = graph(3, (0, (1, 2)))
    made, breadths, x = laid(case)
    x[made.rows[1][1]] += 500
    found = compacted(made, x, breadths, [])
    assert abs(found[2] - found[1]) == breadths[1]


def test_the_rungs_of_a_ladder_stand_in_line() -> None:
    x = settle(graph(6, (0, (1,)), (1, (3, 4, 5)), (2, (3, 4, 5))))
    assert x[3] == x[4] == x[5]


def test_a_trunk_stays_straight_next_to_its_shortcut() -> None:
    x = settle(graph(5, (0, (1, 4)), (1, (2,)), (2, (3,)), (3, (4,))))
    assert x[0] == x[1] == x[2] == x[3] == x[4]
