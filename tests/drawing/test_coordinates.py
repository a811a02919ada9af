"""Coordinates: neighbours apart, chains upright, readers in the middle below."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given

from caffetools.drawing.coordinates import coordinates
from caffetools.drawing.crossings import untangle
from caffetools.drawing.grid import Grid, grid
from caffetools.drawing.ranks import LayoutGraph, ranks
from tests.drawing.test_ranks import graph, graphs


def laid(case: LayoutGraph) -> tuple[Grid, list[float], list[float]]:
    made = grid(case, ranks(case))
    untangle(made)
    breadths = [size.width + 20 for size in case.sizes]
    breadths += [12.0] * (len(made.rank) - len(breadths))
    return made, breadths, coordinates(made, breadths)


def check_apart(made: Grid, breadths: list[float], x: list[float]) -> None:
    for row in made.rows:
        for left, right in pairwise(row):
            assert x[right] - x[left] >= (breadths[left] + breadths[right]) / 2 - 1e-6


@given(graphs())
def test_neighbours_stay_apart(case: LayoutGraph) -> None:
    check_apart(*laid(case))


def test_a_chain_is_upright() -> None:
    _, _, x = laid(graph(4, (0, (1,)), (1, (2,)), (2, (3,))))
    assert len(set(x)) == 1


def test_three_readers_stand_evenly_below() -> None:
    _, _, x = laid(graph(4, (0, (1, 2, 3))))
    assert x[0] == x[2]
    assert x[2] - x[1] == pytest.approx(x[3] - x[2])


def test_a_long_wire_is_straight() -> None:
    made, _, x = laid(graph(5, (0, (1, 4)), (1, (2,)), (2, (3,)), (3, (4,))))
    assert len({x[point] for point in made.trunks[0][1:]}) == 1


def test_only_the_rows_of_a_part_count() -> None:
    made, breadths, _ = laid(graph(4, (0, (1, 2)), (1, (3,)), (2, (3,))))
    x = coordinates(made.part(0, 1), breadths)
    assert x[0] == 0
