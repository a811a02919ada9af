"""Wiring -> where everything stands: rows, orders and coordinates put together."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.drawing.columns import Band, columns
from caffetools.drawing.compaction import settled
from caffetools.drawing.coordinates import coordinates
from caffetools.drawing.crossings import crossings, untangle
from caffetools.drawing.grid import Grid, grid
from caffetools.drawing.ranks import ladders, ranks
from caffetools.drawing.routes import TRACK, Route, Sheet, routes
from caffetools.drawing.scene import Point
from caffetools.drawing.wiring import LayoutGraph

_VERTEX_GAP = 22.0
_WIRE_GAP = 12.0
"""Between neighbours in a row: half of it on each side of a point."""
_LABEL_GAP = 6.0
_ROW_GAP = 20.0
_LEAN = 0.09
"""How much higher a gap is for each pixel that a line in it moves sideways."""
_MOST_LEAN = 44.0
_GUTTER = 40.0
"""Between columns, beside the wires that lead from one to the next."""


class Row(NamedTuple):
    """A row with everything in its place."""

    height: float
    gap: float
    """To the next row of the column."""
    left: float
    right: float
    wires: int
    """That pass the gap under it."""


class Layout(NamedTuple):
    """A drawing laid out, in pixels from its top left corner."""

    width: float
    height: float
    corners: tuple[Point, ...]
    """The top left corner of each vertex."""
    routes: tuple[Route, ...]
    """Of each wire."""
    crossings: int


def layout(wiring: LayoutGraph, wanted_columns: int | None = None) -> Layout:
    """Lay a drawing out; `wanted_columns` in place of as many as give it good proportions."""
    if not wiring.sizes:
        return Layout(0, 0, (), (), 0)
    points = grid(wiring, ranks(wiring))
    untangle(points)
    extra = len(points.rank) - len(wiring.sizes)
    widths = [size.width for size in wiring.sizes] + [0.0] * extra
    breadths = [width + _VERTEX_GAP for width in widths[: len(wiring.sizes)]] + [_WIRE_GAP] * extra
    firsts = columns(_bands(wiring, points, breadths), _GUTTER, wanted_columns)
    stacked = ladders(wiring)
    x = [0.0] * len(points.rank)
    for first, end in zip(firsts, [*firsts[1:], len(points.rows)], strict=True):
        part = points.part(first, end)
        places = coordinates(part, breadths)
        places = settled(part, places, breadths, len(wiring.sizes), stacked)
        for point in (point for row in part.rows for point in row):
            x[point] = places[point]
    starts = _starts(wiring, points, x)
    rows = _rows(wiring, points, starts, x, widths)
    sheet = _sheet(points, x, rows, firsts)
    corners = tuple(
        (sheet.x[vertex] - size.width / 2, sheet.top[rank])
        for vertex, (size, rank) in enumerate(zip(wiring.sizes, points.rank, strict=False))
    )
    found = routes(wiring, points, starts, sheet, corners)
    height = max(sheet.foot)
    return Layout(sheet.right[-1], height, corners, found, crossings(points))


def _starts(wiring: LayoutGraph, points: Grid, x: list[float]) -> list[float]:
    """How far right of its source's middle each wire starts.

    The labels of a source stand side by side, in the order of what the wires lead to.
    """
    offsets = [0.0] * len(wiring.wires)
    of_source: dict[int, list[int]] = {}
    for index, wire in enumerate(wiring.wires):
        of_source.setdefault(wire.source, []).append(index)
    for source, wires in of_source.items():
        if len(wires) > 1:
            wires.sort(key=lambda index: _aim(wiring, points, x, source, index))
        total = sum(wiring.wires[index].width + _LABEL_GAP for index in wires) - _LABEL_GAP
        left = -total / 2
        for index in wires:
            offsets[index] = left + wiring.wires[index].width / 2
            left += wiring.wires[index].width + _LABEL_GAP
    return offsets


def _aim(wiring: LayoutGraph, points: Grid, x: list[float], source: int, index: int) -> float:
    trunk = points.trunks[index]
    if len(trunk) > 1:
        return x[trunk[1]]
    readers = wiring.wires[index].readers
    return sum(x[reader] for reader in readers) / len(readers) if readers else x[source]


def _bands(wiring: LayoutGraph, points: Grid, breadths: list[float]) -> list[Band]:
    """What each row takes at least, for columns to be made of."""
    heights = _heights(wiring, points)
    wires = [0] * len(points.rows)
    for rank, row in enumerate(points.rows[:-1]):
        passing = {point for point in row if points.below[point]}
        wires[rank] = len(passing)
    return [
        Band(
            heights[rank] + _ROW_GAP + _LEAN * 100,
            sum(breadths[point] for point in row),
            wires[rank],
        )
        for rank, row in enumerate(points.rows)
    ]


def _heights(wiring: LayoutGraph, points: Grid) -> list[float]:
    heights = [0.0] * len(points.rows)
    for vertex, size in enumerate(wiring.sizes):
        heights[points.rank[vertex]] = max(heights[points.rank[vertex]], size.height)
    return heights


def _rows(
    wiring: LayoutGraph, points: Grid, starts: list[float], x: list[float], widths: list[float]
) -> list[Row]:
    heights = _heights(wiring, points)
    lean = [0.0] * len(points.rows)
    wires = [0] * len(points.rows)
    for wire, trunk, start in zip(wiring.wires, points.trunks, starts, strict=True):
        for step, point in enumerate(trunk):
            rank = points.rank[point]
            begin = x[point] + (0.0 if step else start)
            under = [reader for reader in wire.readers if points.rank[reader] == rank + 1]
            under += trunk[step + 1 : step + 2]
            if under:
                wires[rank] += 1
                lean[rank] = max(lean[rank], *(abs(x[end] - begin) for end in under))
    return [
        Row(
            heights[rank],
            _ROW_GAP + min(lean[rank] * _LEAN, _MOST_LEAN),
            min(x[point] - widths[point] / 2 for point in row),
            max(x[point] + widths[point] / 2 for point in row),
            wires[rank],
        )
        for rank, row in enumerate(points.rows)
    ]


def _sheet(points: Grid, x: list[float], rows: list[Row], firsts: list[int]) -> Sheet:
    """The rows stood below each other, column by column."""
    moved = [0.0] * len(x)
    tops: list[float] = []
    bottoms: list[float] = []
    lefts: list[float] = []
    rights: list[float] = []
    feet: list[float] = []
    left = 0.0
    for first, end in zip(firsts, [*firsts[1:], len(rows)], strict=True):
        part = rows[first:end]
        shift = left - min(row.left for row in part)
        arriving = rows[first - 1].wires if first else 0
        y = arriving * TRACK + _ROW_GAP + rows[first - 1].gap / 2 if first else 0.0
        for rank in range(first, end):
            for point in points.rows[rank]:
                moved[point] = x[point] + shift
            tops.append(y)
            bottoms.append(y + rows[rank].height)
            y += rows[rank].height + rows[rank].gap
        leaving = part[-1].wires if end < len(rows) else 0
        lefts.append(left)
        rights.append(shift + max(row.right for row in part))
        feet.append(bottoms[-1] + (_ROW_GAP / 2 + leaving * TRACK if leaving else 0))
        left = rights[-1] + _GUTTER + leaving * TRACK
    return Sheet(moved, tops, bottoms, tuple(firsts), lefts, rights, feet)
