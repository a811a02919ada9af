"""Coordinates drawn together: chains kept upright, everything as near to its neighbours as may be.

What Brandes and Koepf's method leaves wide: branches far from the trunk because some row far below
has much in it. Upright runs of points move as one, each to the weighted median of what it is joined
to, as far as its neighbours in the rows let it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from caffetools.drawing.grid import Grid

_SWEEPS = 40
_ROUNDS = 2
_FIRM = 1.0
"""Runs that pull at each other so strongly move as one: a blob's only reader does."""
_RUNG = 3.0
"""How strongly the rungs of a ladder pull at each other."""
_UPRIGHT = 0.5
"""Points whose coordinates differ by less stand in one line."""


class _Run(NamedTuple):
    """Points that move as one."""

    left: set[tuple[int, float]]
    """Runs that stand left of it in some row, and how far they have to stay away."""
    right: set[tuple[int, float]]
    joined: list[tuple[int, float, float]]
    """Runs that it is pulled to, how strongly, and how far right of them it is to stand."""


def settled(
    grid: Grid,
    x: list[float],
    breadths: list[float],
    vertices: int,
    ladders: list[tuple[int, ...]],
) -> list[float]:
    """The coordinates, drawn together; the order within rows and all distances are kept.

    Neighbours stay half of both `breadths` apart. The first `vertices` points are no wires; the
    rungs of `ladders` shall stand in one line.
    """
    run_of = _upright(grid, x, vertices)
    runs = [_Run(set(), set(), []) for _ in range(max(run_of) + 1)]
    place = [0.0] * len(runs)
    for row in grid.rows:
        for point in row:
            place[run_of[point]] = x[point]
        for a, b in pairwise(row):
            distance = (breadths[a] + breadths[b]) / 2
            runs[run_of[a]].right.add((run_of[b], distance))
            runs[run_of[b]].left.add((run_of[a], distance))
    for a, b, weight in _pulls(grid, vertices, ladders):
        if run_of[a] != run_of[b] and min(run_of[a], run_of[b]) >= 0:
            runs[run_of[a]].joined.append((run_of[b], weight, 0.0))
            runs[run_of[b]].joined.append((run_of[a], weight, 0.0))
    _settle(runs, place)
    for _ in range(_ROUNDS):
        _settle_clusters(runs, place)
        _settle(runs, place)
    return [place[run] if run >= 0 else 0.0 for run in run_of]


def _pulls(
    grid: Grid, vertices: int, ladders: list[tuple[int, ...]]
) -> Iterator[tuple[int, int, float]]:
    """Pairs of points that belong together, and how strongly: a wire's strength is shared out.

    Of two lines that meet, as a shortcut and what it leads past, the vertex keeps to the one that
    comes from a vertex; of more, it stands in the middle.
    """
    for row in grid.rows:
        for point in row:
            for below in grid.below[point]:
                wire = point >= vertices or below >= vertices
                kind = 1.0 if wire and len(grid.above[below]) <= 2 else 2.0
                yield point, below, kind / len(grid.below[point])
    for rungs in ladders:
        for a, b in pairwise(rungs):
            yield a, b, _RUNG


def _settle(runs: list[_Run], place: list[float]) -> None:
    """Move each run, from the right and from the left by turns, until none moves any more."""
    order = sorted(range(len(runs)), key=place.__getitem__)
    for sweep in range(_SWEEPS):
        moved = 0.0
        for number in order if sweep % 2 else reversed(order):
            run = runs[number]
            if not run.joined:
                continue
            low = max((place[a] + d for a, d in run.left), default=float("-inf"))
            high = min((place[a] - d for a, d in run.right), default=float("inf"))
            aim = _median([(place[other] + right, weight) for other, weight, right in run.joined])
            aim = max(low, min(high, aim))
            moved += abs(aim - place[number])
            place[number] = aim
        if moved < 1:
            break


def _settle_clusters(runs: list[_Run], place: list[float]) -> None:
    """Move runs that hold on to each other firmly as one, which no move of one of them does."""
    cluster_of = _clusters(runs)
    clusters = [_Run(set(), set(), []) for _ in range(max(cluster_of) + 1)]
    for number, run in enumerate(runs):
        own = clusters[cluster_of[number]]
        for other, distance in run.right:
            if cluster_of[other] != cluster_of[number]:
                spare = distance - (place[other] - place[number])
                own.right.add((cluster_of[other], spare))
                clusters[cluster_of[other]].left.add((cluster_of[number], spare))
        for other, weight, _ in run.joined:
            if cluster_of[other] != cluster_of[number]:
                own.joined.append((cluster_of[other], weight, place[other] - place[number]))
    shifts = [0.0] * len(clusters)
    _settle(clusters, shifts)
    for number, cluster in enumerate(cluster_of):
        place[number] += shifts[cluster]


def _clusters(runs: list[_Run]) -> list[int]:
    """The cluster of each run: those that pull at each other firmly are in one."""
    cluster_of = [-1] * len(runs)
    count = 0
    for start in range(len(runs)):
        if cluster_of[start] >= 0:
            continue
        waiting = [start]
        while waiting:
            number = waiting.pop()
            if cluster_of[number] < 0:
                cluster_of[number] = count
                waiting.extend(o for o, weight, _ in runs[number].joined if weight >= _FIRM)
        count += 1
    return cluster_of


def _upright(grid: Grid, x: list[float], vertices: int) -> list[int]:
    """The run of each point: wires that pass rows, and vertices that have but each other."""
    run_of = [-1] * len(x)
    count = 0
    for row in grid.rows:
        for point in row:
            if run_of[point] < 0:
                run_of[point] = count
                count += 1
            for below in grid.below[point]:
                passing = point >= vertices and below >= vertices
                only = len(grid.below[point]) == 1 and len(grid.above[below]) == 1
                if (passing or only) and run_of[below] < 0 and abs(x[point] - x[below]) < _UPRIGHT:
                    run_of[below] = run_of[point]
    return run_of


def _median(places: list[tuple[float, float]]) -> float:
    """Where half of the weight lies on each side; the middle of two such places."""
    places = sorted(places)
    half = sum(weight for _, weight in places) / 2
    seen = 0.0
    for index, (place, weight) in enumerate(places):
        seen += weight
        if seen > half:
            return place
        if seen == half:
            return (place + places[index + 1][0]) / 2
    raise AssertionError("no weight")
