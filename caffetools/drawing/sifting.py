"""Runs of points moved as one past all others, to where the fewest lines cross.

What sorting by medians cannot do: take a long wire, or a chain of layers, from one side of a trunk
to the other in all rows at once. After Bachmaier, Brandenburg, Brunner and Huebner, "Global k-Level
Crossing Reduction" (2011).
"""

from __future__ import annotations

from itertools import accumulate

from caffetools.drawing.grid import Grid

_ROUNDS = 6


def sift(grid: Grid) -> None:
    """Reorder the rows by an order of runs that no move of one run makes better."""
    run_of = _runs(grid)
    members: list[list[int]] = [[] for _ in range(max(run_of, default=-1) + 1)]
    middle = [0.0] * len(members)
    for row in grid.rows:
        for index, point in enumerate(row):
            members[run_of[point]].append(point)
            middle[run_of[point]] += index - (len(row) - 1) / 2
    order = sorted(range(len(members)), key=lambda run: middle[run] / len(members[run]))
    for _ in range(_ROUNDS):
        moved = False
        for run in range(len(members)):
            moved |= _move(grid, run, members[run], run_of, order)
        if not moved:
            break
    place = {run: index for index, run in enumerate(order)}
    for row in grid.rows:
        row.sort(key=lambda point: place[run_of[point]])
    grid.number()


def _runs(grid: Grid) -> list[int]:
    """The run of each point: points that have but each other, one a row, are of one run."""
    run_of = [-1] * len(grid.rank)
    count = 0
    passing = {point for trunk in grid.trunks for point in trunk[1:]}
    for row in grid.rows:
        for point in row:
            if run_of[point] < 0:
                run_of[point] = count
                count += 1
            for below in grid.below[point]:
                only = len(grid.below[point]) == 1 and len(grid.above[below]) == 1
                if only or (point in passing and below in passing):
                    run_of[below] = run_of[point]
    return run_of


def _move(grid: Grid, run: int, points: list[int], run_of: list[int], order: list[int]) -> bool:
    """Put a run where the fewest lines cross; False where it stands well already."""
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
    target = min(
        (index for index, total in enumerate(totals) if total == best),
        key=lambda index: abs(index - now),
    )
    order[:] = [*others[:target], run, *others[target:]]
    return True


def _change(
    grid: Grid, point: int, other: int, at: int, run_of: list[int], place: dict[int, int]
) -> int:
    """How many more lines of two points cross once the first stands right of the second.

    `place` lacks the run of the first, which stands beside that of the second as it passes it.
    """
    total = 0
    for neighbours in (grid.above, grid.below):
        others = [place.get(run_of[near], at) for near in neighbours[other]]
        if others:
            for near in neighbours[point]:
                x = place.get(run_of[near], at)
                total += sum((x < y) - (x > y) for y in others)
    return total
