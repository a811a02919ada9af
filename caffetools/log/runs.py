"""The runs of a curve: which of its rows each process logged, and which make one curve."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import compress, count
from operator import itemgetter, le
from typing import NamedTuple

from caffetools.log.curve import Curve
from caffetools.log.curve_columns import Part, Row


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
    It was resumed if the log says so or, without a message, if its run began earlier.
    """
    if not iterations:
        return []
    falls = compress(count(1), map(le, iterations[1:], iterations))
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
    """Return the rows of each run's curve: a resumed segment replaces repeated iterations."""
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


def run_rows(curve: Curve) -> Iterator[tuple[int, Row]]:
    """The rows that make the one curve of each run, with the run's number."""
    return ((run, row) for run, part in run_parts(curve) for row in part.rows())


def run_parts(curve: Curve, *, is_timed: bool = True) -> Iterator[tuple[int, Part]]:
    """Yield the same rows as columns, in the order of the log."""
    iterations = curve.iterations()
    runs = joined(segments(curve, iterations), iterations)
    kept = sorted((rows.start, rows.stop, run) for run, parts in runs.items() for rows in parts)
    first = 0
    for part in curve.parts(iterations=iterations, is_timed=is_timed):
        end = first + len(part.iterations)
        for start, stop, run in kept[bisect_right(kept, first, key=itemgetter(1)) :]:
            if start >= end:
                break
            yield run, part.sliced(max(start - first, 0), min(stop, end) - first)
        first = end


def unannounced_resumes(curve: Curve) -> Iterator[tuple[int, float | None]]:
    """Yield the first iteration, and its seconds, of each segment resumed without a message."""
    found = segments(curve, curve.iterations())
    rows = {each.start for each in found if each.resumed} - set(curve.restores)
    first = 0
    for part in curve.parts() if rows else ():
        end = first + len(part.iterations)
        for row in sorted(row for row in rows if first <= row < end):
            yield part.iterations[row - first], part.seconds[row - first]
        first = end
