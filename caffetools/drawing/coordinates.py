"""Assign x coordinates, so that lines are straight and readers are below their sources.

The method of Brandes and Koepf, "Fast and Simple Horizontal Coordinate Assignment" (2001): align
points with their median neighbours four times, downwards and upwards, leftmost and rightmost, pack
each result, and take the mean of the two middle positions of each point. Packing uses the graph of
blocks, which also works for points of different widths.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from itertools import pairwise

from caffetools.drawing.grid import Grid, indices

Links = list[list[int]]


def coordinates(grid: Grid, breadths: list[float]) -> list[float]:
    """Return the center of each point; neighbours in a row are half of both breadths apart."""
    inner = _inner_conflicts(grid)
    results = []
    for down in (True, False):
        for leftward in (True, False):
            rows = grid.rows if down else grid.rows[::-1]
            rows = rows if leftward else [row[::-1] for row in rows]
            links = grid.above if down else grid.below
            root = _aligned(rows, links, inner)
            places = _packed(rows, root, breadths)
            results.append(places if leftward else [-x for x in places])
    return _balanced(results, [point for row in grid.rows for point in row], breadths)


def _inner_conflicts(grid: Grid) -> set[tuple[int, int]]:
    """Return the lines, upper end first, that cross the inner line of a long wire.

    Such a line is not aligned, so that the long wire is straight.
    """
    passing = grid.passing
    found = set()
    for upper in grid.rows[:-1]:
        inner = [
            (grid.place[point], grid.place[under])
            for point in upper
            if point in passing
            for under in grid.below[point]
            if under in passing
        ]
        if not inner:
            continue
        for point in upper:
            for under in grid.below[point]:
                if point in passing and under in passing:
                    continue
                a, b = grid.place[point], grid.place[under]
                if any((a - c) * (b - d) < 0 for c, d in inner):
                    found.add((point, under))
    return found


def _aligned(rows: Links, links: Links, conflicts: set[tuple[int, int]]) -> list[int]:
    """Return the block of each point, named by its first point: points to align."""
    place = indices(rows, len(links))
    root = list(range(len(links)))
    taken = [False] * len(links)
    for row in rows[1:]:
        reached = -1
        for point in row:
            near = sorted(links[point], key=place.__getitem__)
            middle = (len(near) - 1) // 2
            for candidate in near[middle : len(near) // 2 + 1]:
                if taken[candidate] or place[candidate] <= reached:
                    continue
                if (candidate, point) in conflicts or (point, candidate) in conflicts:
                    continue
                taken[candidate] = True
                root[point] = root[candidate]
                reached = place[candidate]
                break
    return root


def _packed(rows: Links, root: list[int], breadths: list[float]) -> list[float]:
    """Move every block as far left as its neighbours allow, then right up to the next blocks."""
    blocks = dict.fromkeys(root[point] for row in rows for point in row)
    after: dict[int, dict[int, float]] = {block: {} for block in blocks}
    before: dict[int, dict[int, float]] = {block: {} for block in blocks}
    for row in rows:
        for left, right in pairwise(row):
            distance = (breadths[left] + breadths[right]) / 2
            a, b = root[left], root[right]
            after[a][b] = before[b][a] = max(distance, after[a].get(b, 0.0))
    order = list(TopologicalSorter(before).static_order())
    x: dict[int, float] = {}
    for block in order:
        x[block] = max((x[left] + gap for left, gap in before[block].items()), default=0.0)
    for block in reversed(order):
        if after[block]:
            x[block] = max(x[block], min(x[right] - gap for right, gap in after[block].items()))
    return [x.get(block, 0.0) for block in root]


def _balanced(results: list[list[float]], points: list[int], breadths: list[float]) -> list[float]:
    """Return the mean of the middle two of each point's four positions.

    The leftmost results are first aligned with the left edge of the narrowest result, the rightmost
    ones with its right edge.
    """
    starts = [min(places[point] - breadths[point] / 2 for point in points) for places in results]
    ends = [max(places[point] + breadths[point] / 2 for point in points) for places in results]
    edges = list(zip(starts, ends, strict=True))
    left, right = min(edges, key=lambda edge: edge[1] - edge[0])
    shifts = [right - end if i % 2 else left - start for i, (start, end) in enumerate(edges)]
    moved = [[x + shift for x in places] for places, shift in zip(results, shifts, strict=True)]
    return [sum(sorted(four)[1:3]) / 2 for four in zip(*moved, strict=True)]
