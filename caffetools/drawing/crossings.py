"""Order the points within rows so that few lines cross.

Rows are sorted by medians, down and up, then neighbours are swapped, as in Gansner, Koutsofios,
North and Vo, "A Technique for Drawing Directed Graphs" (1993); the best order found is kept.

Runs of points are then moved past others as one. Sorting by medians cannot move a long wire, or a
chain of layers, from one side of a trunk to the other in all rows at once. After Bachmaier,
Brandenburg, Brunner and Huebner, "Global k-Level Crossing Reduction" (2011).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from itertools import accumulate

from caffetools.drawing.grid import Grid, walk

_ROUNDS = 24
_MAX_SIFTED = 5000
"""Maximum number of points of a grid to sift, which takes long in larger grids."""
_PATIENCE = 6
"""Number of rounds without a better order after which to stop."""
_SIFTING_ROUNDS = 6


def crossings(grid: Grid) -> int:
    """Return the number of pairs of lines that cross in the order of the grid."""
    return sum(_between(grid, upper) for upper in range(len(grid.rows) - 1))


def _between(grid: Grid, upper: int) -> int:
    """Count the pairs of lines to the next row whose ends are in opposite order."""
    place = grid.place
    seen: list[int] = []
    total = 0
    for point in grid.rows[upper]:
        ends = sorted(place[lower] for lower in grid.below[point])
        total += sum(len(seen) - bisect_right(seen, end) for end in ends)
        for end in ends:
            insort(seen, end)
    return total


def untangle(grid: Grid) -> None:
    """Reorder the rows of a grid, from up to four initial orders, to minimise crossings."""
    best, least = _copy(grid), crossings(grid)
    for down, mirrored in ((True, False), (False, False), (True, True), (False, True)):
        if least == 0:
            break
        walk(grid, down=down, mirrored=mirrored)
        found, order = _improved(grid)
        if found and len(grid.rank) <= _MAX_SIFTED:
            grid.rows = [list(row) for row in order]
            grid.number()
            sift(grid)
            found, order = min((found, order), _improved(grid))
        if found < least:
            best, least = order, found
    grid.rows = best
    grid.number()


def _improved(grid: Grid) -> tuple[int, list[list[int]]]:
    """Return the fewest crossings found, and their order."""
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
    """Sort each row by the median position of its points' neighbours in the row before.

    Points with equal medians keep their order, or reverse it if `mirrored`, to leave local minima.
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
    """Swap neighbours while that reduces crossings."""
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
    """Return how many crossings a swap of two neighbours would remove."""
    total = 0
    for neighbours in (grid.above, grid.below):
        if neighbours[left] and neighbours[right]:
            lefts = [grid.place[point] for point in neighbours[left]]
            rights = [grid.place[point] for point in neighbours[right]]
            total += sum((a > b) - (a < b) for a in lefts for b in rights)
    return total


def sift(grid: Grid) -> None:
    """Reorder the rows so that moving a single run removes no more crossings."""
    run_of = grid.runs()
    members: list[list[int]] = [[] for _ in range(max(run_of, default=-1) + 1)]
    middle = [0.0] * len(members)
    for row in grid.rows:
        for index, point in enumerate(row):
            members[run_of[point]].append(point)
            middle[run_of[point]] += index - (len(row) - 1) / 2
    order = sorted(range(len(members)), key=lambda run: middle[run] / len(members[run]))
    for _ in range(_SIFTING_ROUNDS):
        moved = False
        for run in range(len(members)):
            moved |= _move(grid, run, members[run], run_of, order)
        if not moved:
            break
    place = {run: index for index, run in enumerate(order)}
    for row in grid.rows:
        row.sort(key=lambda point: place[run_of[point]])
    grid.number()


def _move(grid: Grid, run: int, points: list[int], run_of: list[int], order: list[int]) -> bool:
    """Move a run to where the fewest lines cross; return whether it moved."""
    now = order.index(run)
    others = order[:now] + order[now + 1 :]
    place = {other: index for index, other in enumerate(others)}
    change = [0] * len(others)
    for point in points:
        for other in grid.rows[grid.rank[point]]:
            if run_of[other] != run:
                at = place[run_of[other]]
                change[at] += _change(grid, point, other, at, run_of, place)
    totals = [0, *accumulate(change)]
    best = min(totals)
    if totals[now] == best:
        return False
    targets = [index for index, total in enumerate(totals) if total == best]
    target = min(targets, key=lambda index: abs(index - now))
    order[:] = [*others[:target], run, *others[target:]]
    return True


def _change(
    grid: Grid, point: int, other: int, at: int, run_of: list[int], place: dict[int, int]
) -> int:
    """Return how many crossings it adds to move `point` from left to right of `other`.

    `place` lacks the run of `point`, which has the position of `other`'s run as it passes it.
    """
    total = 0
    for neighbours in (grid.above, grid.below):
        others = [place.get(run_of[near], at) for near in neighbours[other]]
        if others:
            for near in neighbours[point]:
                x = place.get(run_of[near], at)
                total += sum((x < y) - (x > y) for y in others)
    return total
