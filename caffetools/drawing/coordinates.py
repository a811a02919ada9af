"""Where in its row each point stands, so that lines are straight and readers stand under sources.

The method of Brandes and Koepf, "Fast and Simple Horizontal Coordinate Assignment" (2001): align
points with their median neighbours four times, from above and from below, leaning left and leaning
right, pack each result, and give each point the mean of the two middle ones of its four places.
Packing goes by the graph of blocks, which also holds for points of different widths.
"""

from __future__ import annotations

from itertools import pairwise

from caffetools.drawing.grid import Grid

Links = list[list[int]]


def coordinates(grid: Grid, breadths: list[float]) -> list[float]:
    """The middle of each point of the grid's rows.

    Neighbours are half of both breadths apart.
    """
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
    """The lines, upper end first, that cross a wire's line from one passed row to the next.

    A long wire goes straight before any other line does.
    """
    passing = [False] * len(grid.rank)
    for trunk in grid.trunks:
        for point in trunk[1:]:
            passing[point] = True
    found = set()
    for upper in grid.rows[:-1]:
        inner = [
            (grid.place[point], grid.place[under])
            for point in upper
            if passing[point]
            for under in grid.below[point]
            if passing[under]
        ]
        if not inner:
            continue
        for point in upper:
            for under in grid.below[point]:
                if passing[point] and passing[under]:
                    continue
                a, b = grid.place[point], grid.place[under]
                if any((a - c) * (b - d) < 0 for c, d in inner):
                    found.add((point, under))
    return found


def _aligned(rows: Links, links: Links, conflicts: set[tuple[int, int]]) -> list[int]:
    """The block of each point, named by its first: points that shall stand in one line."""
    count = len(links)
    place = [0] * count
    for row in rows:
        for index, point in enumerate(row):
            place[point] = index
    root = list(range(count))
    taken = [False] * count
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
    """Every block as far left as those beside it let it, then right again up to the next ones."""
    blocks = dict.fromkeys(root[point] for row in rows for point in row)
    after: dict[int, dict[int, float]] = {block: {} for block in blocks}
    before: dict[int, dict[int, float]] = {block: {} for block in blocks}
    for row in rows:
        for left, right in pairwise(row):
            distance = (breadths[left] + breadths[right]) / 2
            a, b = root[left], root[right]
            after[a][b] = before[b][a] = max(distance, after[a].get(b, 0.0))
    order = _in_order(after, before)
    x: dict[int, float] = {}
    for block in order:
        x[block] = max((x[left] + gap for left, gap in before[block].items()), default=0.0)
    for block in reversed(order):
        if after[block]:
            x[block] = max(x[block], min(x[right] - gap for right, gap in after[block].items()))
    return [x.get(block, 0.0) for block in root]


def _in_order(after: dict[int, dict[int, float]], before: dict[int, dict[int, float]]) -> list[int]:
    """The blocks from left to right: each after all that stand left of it in some row."""
    missing = {block: len(left) for block, left in before.items()}
    order = [block for block, left in missing.items() if not left]
    for block in order:
        for right in after[block]:
            missing[right] -= 1
            if not missing[right]:
                order.append(right)
    return order


def _balanced(results: list[list[float]], points: list[int], breadths: list[float]) -> list[float]:
    """The mean of the middle two of each point's places, the four results laid over each other.

    Those that lean left share their left edge with the narrowest result, those that lean right
    their right edge.
    """
    edges = [
        (
            min(places[point] - breadths[point] / 2 for point in points),
            max(places[point] + breadths[point] / 2 for point in points),
        )
        for places in results
    ]
    left, right = min(edges, key=lambda edge: edge[1] - edge[0])
    shifts = [
        (left - start if index % 2 == 0 else right - end)
        for index, (start, end) in enumerate(edges)
    ]
    moved = [[x + shift for x in places] for places, shift in zip(results, shifts, strict=True)]
    return [sum(sorted(four)[1:3]) / 2 for four in zip(*moved, strict=True)]
