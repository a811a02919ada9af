"""Make a drawing narrower: move runs of points towards the points that they are joined to.

Brandes and Koepf's method leaves branches far from the trunk if a row far below is wide. Here,
straight runs of points move as one, each to the weighted median of its joined points, as far as the
neighbours in the rows allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from caffetools.drawing.grid import Grid

_SWEEPS = 40
_ROUNDS = 2
_FIRM = 1.0
"""Minimum weight that makes runs move as one: that of a blob with one reader."""
_LADDER = 3.0
"""Weight between the vertices of a ladder."""
_STRAIGHT = 0.5
"""Maximum difference of coordinates in a straight run."""


class _Run(NamedTuple):
    """Points that move as one."""

    left: set[tuple[int, float]]
    """Runs to the left in some row, with the minimum distance."""
    right: set[tuple[int, float]]
    joined: list[tuple[int, float, float]]
    """Runs that it is joined to, with a weight and the wanted offset from them."""


def compacted(
    grid: Grid, x: list[float], breadths: list[float], ladders: list[tuple[int, ...]]
) -> list[float]:
    """Return new coordinates with the same order within rows.

    Neighbours stay half of both `breadths` apart. The vertices of each of `ladders` are pulled into
    one line.
    """
    run_of = grid.runs(lambda upper, lower: abs(x[upper] - x[lower]) < _STRAIGHT)
    runs = [_Run(set(), set(), []) for _ in range(max(run_of) + 1)]
    place = [0.0] * len(runs)
    for row in grid.rows:
        for point in row:
            place[run_of[point]] = x[point]
        for a, b in pairwise(row):
            distance = (breadths[a] + breadths[b]) / 2
            runs[run_of[a]].right.add((run_of[b], distance))
            runs[run_of[b]].left.add((run_of[a], distance))
    for a, b, weight in _pulls(grid, ladders):
        if run_of[a] != run_of[b] and min(run_of[a], run_of[b]) >= 0:
            runs[run_of[a]].joined.append((run_of[b], weight, 0.0))
            runs[run_of[b]].joined.append((run_of[a], weight, 0.0))
    _settle(runs, place)
    for _ in range(_ROUNDS):
        _settle_clusters(runs, place)
        _settle(runs, place)
    return [place[run] if run >= 0 else 0.0 for run in run_of]


def _pulls(grid: Grid, ladders: list[tuple[int, ...]]) -> Iterator[tuple[int, int, float]]:
    """Yield pairs of joined points and their weight, which lines from one point share.

    Where two lines meet, as at the end of a shortcut, the line from a vertex has more weight than
    that of a passing wire; where more meet, all have the same.
    """
    passing = grid.passing
    for row in grid.rows:
        for point in row:
            for below in grid.below[point]:
                wire = point in passing or below in passing
                kind = 1.0 if wire and len(grid.above[below]) <= 2 else 2.0
                yield point, below, kind / len(grid.below[point])
    for ladder in ladders:
        for a, b in pairwise(ladder):
            yield a, b, _LADDER


def _settle(runs: list[_Run], place: list[float]) -> None:
    """Move each run to the weighted median of its aims, in alternate orders, until all rest."""
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
    """Move clusters of firmly joined runs as one."""
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
    """Return the cluster of each run: firmly joined runs are in one."""
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


def _median(places: list[tuple[float, float]]) -> float:
    """Return the weighted median: half of the weight is on each side."""
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
