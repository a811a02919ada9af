"""Vertices in rows, with a point wherever a wire passes a row, and the order within each row."""

from __future__ import annotations

from dataclasses import dataclass, field

from caffetools.drawing.wiring import LayoutGraph


@dataclass
class Grid:
    """All points by number: first the vertices, then the points at which wires pass a row.

    A wire is one line down to its lowest reader, from which branches lead to the others, so that a
    blob that many layers read costs one point a row.
    """

    rows: list[list[int]]
    """The points of each row, from left to right."""
    rank: list[int]
    """The row of each point."""
    above: list[list[int]]
    """The points of the row above that each is joined to."""
    below: list[list[int]]
    trunks: list[list[int]]
    """Of each wire: its source and the points under it, one a row."""
    place: list[int] = field(default_factory=list)
    """Of each point: where in its row it stands."""

    def part(self, first: int, end: int) -> Grid:
        """Some of the rows by themselves, without the lines to others."""
        kept = self.rows[first:end]
        above: list[list[int]] = [[] for _ in self.rank]
        below: list[list[int]] = [[] for _ in self.rank]
        for row in kept[1:]:
            for point in row:
                above[point] = self.above[point]
        for row in kept[:-1]:
            for point in row:
                below[point] = self.below[point]
        return Grid(kept, self.rank, above, below, self.trunks, self.place)

    def number(self) -> None:
        """Set `place` by `rows`."""
        self.place = [0] * len(self.rank)
        for row in self.rows:
            for index, point in enumerate(row):
                self.place[point] = index


def grid(wiring: LayoutGraph, rank: list[int]) -> Grid:
    """The grid of a wiring, its rows ordered by a walk: each part beside what it hangs on."""
    made = Grid(
        rows=[[] for _ in range(max(rank, default=-1) + 1)],
        rank=list(rank),
        above=[[] for _ in rank],
        below=[[] for _ in rank],
        trunks=[[wire.source] for wire in wiring.wires],
    )
    for wire, trunk in zip(wiring.wires, made.trunks, strict=True):
        _lead(made, wire.readers, trunk)
    walk(made)
    return made


def _lead(made: Grid, readers: tuple[int, ...], trunk: list[int]) -> None:
    """Add the points of a wire below its source."""
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
    """Order the rows as a walk meets their points, depth first.

    It goes down the lines from each point that has nothing above it, or up from each that has
    nothing below; `mirrored`, it takes the last line first.
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
