"""The order of points within rows, so that few lines cross.

Medians down and up, then swaps of neighbours, as Gansner, Koutsofios, North and Vo do in "A
Technique for Drawing Directed Graphs" (1993); the best order met is kept.
"""

from __future__ import annotations

from bisect import bisect_right, insort

from caffetools.drawing.grid import Grid, walk
from caffetools.drawing.sifting import sift

_ROUNDS = 24
_MOST_SIFTED = 5000
"""Points of a grid in which runs are moved past each other, which takes long in larger ones."""
_PATIENCE = 6
"""Rounds without a better order after which the best is taken."""


def crossings(grid: Grid) -> int:
    """How many pairs of lines cross, in the order that the grid has."""
    return sum(_between(grid, upper) for upper in range(len(grid.rows) - 1))


def _between(grid: Grid, upper: int) -> int:
    """Crossings between a row and the next: pairs of lines whose two ends stand in other order."""
    place = grid.place
    met: list[int] = []
    total = 0
    for point in grid.rows[upper]:
        ends = sorted(place[lower] for lower in grid.below[point])
        total += sum(len(met) - bisect_right(met, end) for end in ends)
        for end in ends:
            insort(met, end)
    return total


def untangle(grid: Grid) -> None:
    """Reorder the rows of the grid, from four first orders until one is found without crossings."""
    best, least = _copy(grid), crossings(grid)
    for down, mirrored in ((True, False), (False, False), (True, True), (False, True)):
        if least == 0:
            break
        walk(grid, down=down, mirrored=mirrored)
        found, order = _improved(grid)
        if found and len(grid.rank) <= _MOST_SIFTED:
            grid.rows = [list(row) for row in order]
            grid.number()
            sift(grid)
            found, order = min((found, order), _improved(grid))
        if found < least:
            best, least = order, found
    grid.rows = best
    grid.number()


def _improved(grid: Grid) -> tuple[int, list[list[int]]]:
    """The fewest crossings met on the way, and the order that has them."""
    best, least = _copy(grid), crossings(grid)
    stale = 0
    for turn in range(_ROUNDS):
        if least == 0 or stale == _PATIENCE:
            break
        _sort_by_medians(grid, down=turn % 2 == 0, mirrored=turn % 4 > 1)
        _swap_neighbours(grid)
        found = crossings(grid)
        stale += 1
        if found < least:
            best, least, stale = _copy(grid), found, 0
    return least, best


def _copy(grid: Grid) -> list[list[int]]:
    return [list(row) for row in grid.rows]


def _sort_by_medians(grid: Grid, *, down: bool, mirrored: bool) -> None:
    """Sort each row by where its points' neighbours stand in the row before.

    Equal ones keep their order, or with `mirrored` change it: so that no order is a trap.
    """
    rows = grid.rows if down else grid.rows[::-1]
    neighbours = grid.above if down else grid.below
    for row in rows[1:]:
        medians = {point: _median(grid, neighbours[point]) for point in row}
        movable = [point for point in row if medians[point] is not None]
        if mirrored:
            movable.reverse()
        movable.sort(key=lambda point: medians[point] or 0.0)
        filling = iter(movable)
        row[:] = [point if medians[point] is None else next(filling) for point in row]
        for index, point in enumerate(row):
            grid.place[point] = index


def _median(grid: Grid, neighbours: list[int]) -> float | None:
    places = sorted(grid.place[point] for point in neighbours)
    count = len(places)
    if not count:
        return None
    middle = count // 2
    if count % 2:
        return places[middle]
    if count == 2:
        return (places[0] + places[1]) / 2
    left, right = places[middle - 1] - places[0], places[-1] - places[middle]
    if left + right == 0:
        return places[middle]
    return (places[middle - 1] * right + places[middle] * left) / (left + right)


def _swap_neighbours(grid: Grid) -> None:
    """Exchange neighbours while that takes crossings away."""
    better = True
    while better:
        better = False
        for row in grid.rows:
            for index in range(len(row) - 1):
                left, right = row[index], row[index + 1]
                if _excess(grid, left, right) > 0:
                    row[index], row[index + 1] = right, left
                    grid.place[left], grid.place[right] = index + 1, index
                    better = True


def _excess(grid: Grid, left: int, right: int) -> int:
    """How many more of the lines of two neighbours cross as they stand than the other way round."""
    total = 0
    for neighbours in (grid.above, grid.below):
        if neighbours[left] and neighbours[right]:
            lefts = [grid.place[point] for point in neighbours[left]]
            rights = [grid.place[point] for point in neighbours[right]]
            total += sum((a > b) - (a < b) for a in lefts for b in rights)
    return total
