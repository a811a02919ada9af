"""The grid: one point a row for each wire that passes, every point in a row once."""

from __future__ import annotations

from hypothesis import given

from caffetools.drawing.grid import grid, walk
from caffetools.drawing.ranks import LayoutGraph, ranks
from tests.drawing.test_ranks import graph, graphs


def test_a_wire_is_one_line_with_branches() -> None:
    case = graph(5, (0, (1, 3, 4)), (1, (2,)), (2, (3,)), (3, (4,)))
    made = grid(case, ranks(case))
    assert made.rank == [0, 1, 2, 3, 4, 1, 2, 3]
    assert made.trunks[0] == [0, 5, 6, 7]
    assert made.below[0] == [5, 1]
    assert made.below[6] == [7, 3]
    assert made.above[4] == [7, 3]


def test_walks() -> None:
    case = graph(4, (0, (1, 2)), (1, (3,)), (2, (3,)))
    made = grid(case, ranks(case))
    assert made.rows == [[0], [1, 2], [3]]
    walk(made, mirrored=True)
    assert made.rows == [[0], [2, 1], [3]]
    assert made.place[2] == 0


def test_a_part_has_no_lines_to_others() -> None:
    case = graph(3, (0, (1,)), (1, (2,)))
    part = grid(case, ranks(case)).part(1, 3)
    assert part.rows == [[1], [2]]
    assert part.above[1] == []
    assert part.below[1] == [2]
    assert part.below[0] == []


@given(graphs())
def test_every_point_occurs_once_and_lines_join_rows(case: LayoutGraph) -> None:
    made = grid(case, ranks(case))
    for down, mirrored in ((True, False), (False, False), (True, True), (False, True)):
        walk(made, down=down, mirrored=mirrored)
        points = [point for row in made.rows for point in row]
        assert sorted(points) == list(range(len(made.rank)))
    for point, belows in enumerate(made.below):
        for below in belows:
            assert made.rank[below] == made.rank[point] + 1
            assert point in made.above[below]
