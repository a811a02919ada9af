"""Vertices in rows, with a point wherever a wire passes a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from caffetools.drawing.ranks import LayoutGraph


@dataclass
class Grid:
    """All points by number: first the vertices, then the points where wires pass a row.

    A wire is one line down to its lowest reader, with branches to the others, so that a blob with
    many readers needs one point per row.
    """

    rows: list[list[int]]
    """Points of each row, from left to right."""
    rank: list[int]
    """Row of each point."""
    above: list[list[int]]
    """Points of the row above that each point is joined to."""
    below: list[list[int]]
    trunks: list[list[int]]
    """Source of each wire and the points below it, one per row."""
    place: list[int] = field(default_factory=list)
    """Index of each point in its row."""

    @property
    def passing(self) -> set[int]:
        """Points where wires pass a row."""
        return {point for trunk in self.trunks for point in trunk[1:]}

    def runs(self, may_join: Callable[[int, int], bool] = lambda _upper, _lower: True) -> list[int]:
        """Return the run of each point, -1 for points in none of the rows.

        Two points are in one run if both are of one wire, or if neither is joined to another point
        on the side of the other. `may_join(upper, lower)` can keep them apart.
        """
        run_of = [-1] * len(self.rank)
        count = 0
        passing = self.passing
        for row in self.rows:
            for point in row:
                if run_of[point] < 0:
                    run_of[point] = count
                    count += 1
                for below in self.below[point]:
                    only = len(self.below[point]) == 1 and len(self.above[below]) == 1
                    one_wire = point in passing and below in passing
                    if (only or one_wire) and may_join(point, below):
                        run_of[below] = run_of[point]
        return run_of

    def part(self, first: int, end: int) -> Grid:
        """Return rows `first` to `end` without the lines to other rows."""
        kept = self.rows[first:end]
        above: list[list[int]] = [[] for _ in self.rank]
        below: list[list[int]] = [[] for _ in self.rank]
        for upper, lower in pairwise(kept):
            for point in upper:
                below[point] = self.below[point]
            for point in lower:
                above[point] = self.above[point]
        return Grid(kept, self.rank, above, below, self.trunks, self.place)

    def number(self) -> None:
        """Set `place` from `rows`."""
        self.place = indices(self.rows, len(self.rank))


def indices(rows: list[list[int]], count: int) -> list[int]:
    """Return the index of each of `count` points in its row."""
    found = [0] * count
    for row in rows:
        for index, point in enumerate(row):
            found[point] = index
    return found


def grid(graph: LayoutGraph, rank: list[int]) -> Grid:
    """Return the grid of a graph, with connected parts next to each other in each row."""
    made = Grid(
        rows=[[] for _ in range(max(rank, default=-1) + 1)],
        rank=list(rank),
        above=[[] for _ in rank],
        below=[[] for _ in rank],
        trunks=[[wire.source] for wire in graph.wires],
    )
    for wire, trunk in zip(graph.wires, made.trunks, strict=True):
        _lead(made, wire.readers, trunk)
    walk(made)
    return made


def _lead(made: Grid, readers: tuple[int, ...], trunk: list[int]) -> None:
    """Add the points and lines of a wire below its source."""
    lowest = max((made.rank[reader] for reader in readers), default=0)
    for rank in range(made.rank[trunk[0]] + 1, lowest):
        point = len(made.rank)
        made.rank.append(rank)
        made.above.append([])
        made.below.append([])
        _join(made, trunk[-1], point)
        trunk.append(point)
    for reader in readers:
        _join(made, trunk[made.rank[reader] - made.rank[trunk[0]] - 1], reader)


def _join(made: Grid, upper: int, lower: int) -> None:
    if lower not in made.below[upper]:
        made.below[upper].append(lower)
        made.above[lower].append(upper)


def walk(made: Grid, *, down: bool = True, mirrored: bool = False) -> None:
    """Order the rows as a depth-first walk visits their points.

    It goes down from each point without a line from above, or else up from each without a line
    below; with `mirrored` it takes the last line first.
    """
    away, back = (made.below, made.above) if down else (made.above, made.below)
    for row in made.rows:
        row.clear()
    seen = [False] * len(made.rank)
    starts = [point for point in range(len(made.rank)) if not back[point]]
    for start in reversed(starts) if mirrored else starts:
        waiting = [start]
        while waiting:
            point = waiting.pop()
            if seen[point]:
                continue
            seen[point] = True
            made.rows[made.rank[point]].append(point)
            waiting.extend(away[point] if mirrored else reversed(away[point]))
    made.number()
