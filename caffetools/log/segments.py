"""Where the runs of a curve begin, where they were resumed, and the one curve of each run."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import NamedTuple

from caffetools.log.curve import Curve


class Segment(NamedTuple):
    """Rows of one process: iterations rise within it."""

    start: int
    stop: int
    """Rows start to stop - 1 of the curve."""
    run: int
    """Which run of the log it belongs to, from 0: a run goes on where it was resumed."""
    resumed: bool


def segments(curve: Curve, iterations: array[int]) -> list[Segment]:
    """The segments of a curve with these iterations, in the order of the log.

    One begins where the log says that a solver starts or goes on, or where iterations do not rise.
    It was resumed if the log says so; where the log says nothing, if its run began earlier.
    """
    if not iterations:
        return []
    falls = (i for i in range(1, len(iterations)) if iterations[i] <= iterations[i - 1])
    begins = sorted({0, *curve.starts, *curve.restores, *falls} - {len(iterations)})
    starts, restores = set(curve.starts), set(curve.restores)
    found: list[Segment] = []
    run, first = -1, 0
    for start, stop in zip(begins, [*begins[1:], len(iterations)], strict=True):
        resumed = start in restores or (
            start not in starts and run >= 0 and iterations[start] > first
        )
        if not resumed or run < 0:
            run, first = run + 1, iterations[start]
        found.append(Segment(start, stop, run, resumed))
    return found


def joined(found: list[Segment], iterations: array[int]) -> dict[int, list[range]]:
    """Of each run, the rows that make one curve: a resumed segment replaces what it tells again."""
    runs: dict[int, list[range]] = {}
    limits: dict[int, int] = {}
    for segment in reversed(found):
        end = segment.stop
        if segment.run in limits:
            end = bisect_left(iterations, limits[segment.run], segment.start, segment.stop)
        rows = runs.setdefault(segment.run, [])
        if end > segment.start:
            rows.insert(0, range(segment.start, end))
            limits[segment.run] = iterations[segment.start]
    return dict(sorted(runs.items()))
