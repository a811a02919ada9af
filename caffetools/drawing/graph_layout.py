"""LayoutGraph -> Layout: run all steps from ranks to routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from caffetools.drawing.columns import Band, columns
from caffetools.drawing.compaction import compacted
from caffetools.drawing.coordinates import coordinates
from caffetools.drawing.crossings import crossings, untangle
from caffetools.drawing.grid import Grid, grid
from caffetools.drawing.ranks import LayoutGraph, ladders, ranks
from caffetools.drawing.routes import TRACK, Route, Sheet, routes
from caffetools.drawing.scene import Point

_VERTEX_GAP = 22.0
"""Distance of vertices in a row: half of it on each side."""
_WIRE_GAP = 12.0
"""The same for passing wires."""
_LABEL_GAP = 6.0
_ROW_GAP = 20.0
_LEAN = 0.09
"""Extra height of a gap for each pixel that a line in it moves sideways."""
_MAX_LEAN = 44.0
_GUTTER = 40.0
"""Distance between columns, without the wires that connect them."""


class _Row(NamedTuple):
    """Size and position of a row."""

    height: float
    gap: float
    """Gap to the next row of the column."""
    left: float
    right: float
    wires: int
    """Number of wires that pass the gap."""


class Layout(NamedTuple):
    """Positions of all parts of a drawing, in pixels from its top left corner."""

    width: float
    height: float
    corners: tuple[Point, ...]
    """Top left corner of each vertex."""
    routes: tuple[Route, ...]
    """Route of each wire."""
    crossings: int
    ranks: tuple[int, ...] = ()
    """Row of each vertex."""
    firsts: tuple[int, ...] = (0,)
    """First row of each column."""


def layout(
    graph: LayoutGraph,
    wanted_columns: int | None = None,
    firsts: Sequence[int] | None = None,
) -> Layout:
    """Lay out a graph; `wanted_columns` overrides the number of columns, `firsts` their rows."""
    if not graph.sizes:
        return Layout(0, 0, (), (), 0)
    points = grid(graph, ranks(graph))
    untangle(points)
    extra = len(points.rank) - len(graph.sizes)
    widths = [size.width for size in graph.sizes] + [0.0] * extra
    breadths = [width + _VERTEX_GAP for width in widths[: len(graph.sizes)]] + [_WIRE_GAP] * extra
    if firsts is None:
        firsts = columns(_bands(graph, points, breadths), _GUTTER, wanted_columns)
    stacked = ladders(graph)
    x = [0.0] * len(points.rank)
    for first, end in zip(firsts, [*firsts[1:], len(points.rows)], strict=True):
        part = points.part(first, end)
        places = compacted(part, coordinates(part, breadths), breadths, stacked)
        for point in (point for row in part.rows for point in row):
            x[point] = places[point]
    starts = _starts(graph, points, x)
    rows = _rows(graph, points, starts, x, widths)
    sheet = _sheet(points, x, rows, firsts)
    corners = tuple(
        (sheet.x[vertex] - size.width / 2, sheet.top[rank])
        for vertex, (size, rank) in enumerate(zip(graph.sizes, points.rank, strict=False))
    )
    found = routes(graph, points, starts, sheet, corners)
    rank = tuple(points.rank[: len(graph.sizes)])
    size = (sheet.right[-1], max(sheet.foot))
    return Layout(*size, corners, found, crossings(points), rank, tuple(firsts))


def _starts(graph: LayoutGraph, points: Grid, x: list[float]) -> list[float]:
    """Return the offset of the start of each wire from the center of its source.

    The labels of a source are in one row, in the order of the targets of their wires.
    """
    offsets = [0.0] * len(graph.wires)
    of_source: dict[int, list[int]] = {}
    for index, wire in enumerate(graph.wires):
        of_source.setdefault(wire.source, []).append(index)
    for source, wires in of_source.items():
        if len(wires) > 1:
            wires.sort(key=lambda index: _aim(graph, points, x, source, index))
        total = sum(graph.wires[index].width + _LABEL_GAP for index in wires) - _LABEL_GAP
        left = -total / 2
        for index in wires:
            offsets[index] = left + graph.wires[index].width / 2
            left += graph.wires[index].width + _LABEL_GAP
    return offsets


def _aim(graph: LayoutGraph, points: Grid, x: list[float], source: int, index: int) -> float:
    trunk = points.trunks[index]
    if len(trunk) > 1:
        return x[trunk[1]]
    readers = graph.wires[index].readers
    return sum(x[reader] for reader in readers) / len(readers) if readers else x[source]


def _bands(graph: LayoutGraph, points: Grid, breadths: list[float]) -> list[Band]:
    """Return the minimum size of each row, to choose columns by."""
    return [
        Band(
            height + _ROW_GAP + _LEAN * 100,
            sum(breadths[point] for point in row),
            sum(bool(points.below[point]) for point in row),
        )
        for height, row in zip(_heights(graph, points), points.rows, strict=True)
    ]


def _heights(graph: LayoutGraph, points: Grid) -> list[float]:
    heights = [0.0] * len(points.rows)
    for vertex, size in enumerate(graph.sizes):
        heights[points.rank[vertex]] = max(heights[points.rank[vertex]], size.height)
    return heights


def _rows(
    graph: LayoutGraph, points: Grid, starts: list[float], x: list[float], widths: list[float]
) -> list[_Row]:
    heights = _heights(graph, points)
    lean = [0.0] * len(points.rows)
    wires = [0] * len(points.rows)
    for wire, trunk, start in zip(graph.wires, points.trunks, starts, strict=True):
        for step, point in enumerate(trunk):
            rank = points.rank[point]
            begin = x[point] + (0.0 if step else start)
            under = [reader for reader in wire.readers if points.rank[reader] == rank + 1]
            under += trunk[step + 1 : step + 2]
            if under:
                wires[rank] += 1
                lean[rank] = max(lean[rank], *(abs(x[end] - begin) for end in under))
    return [
        _Row(
            heights[rank],
            _ROW_GAP + min(lean[rank] * _LEAN, _MAX_LEAN),
            min(x[point] - widths[point] / 2 for point in row),
            max(x[point] + widths[point] / 2 for point in row),
            wires[rank],
        )
        for rank, row in enumerate(points.rows)
    ]


def _sheet(points: Grid, x: list[float], rows: list[_Row], firsts: Sequence[int]) -> Sheet:
    """Place the rows below each other, column by column."""
    sheet = Sheet([0.0] * len(x), [], [], tuple(firsts), [], [])
    left = 0.0
    for first, end in zip(firsts, [*firsts[1:], len(rows)], strict=True):
        part = rows[first:end]
        shift = left - min(row.left for row in part)
        arriving = rows[first - 1].wires if first else 0
        y = arriving * TRACK + _ROW_GAP + rows[first - 1].gap / 2 if first else 0.0
        for rank in range(first, end):
            for point in points.rows[rank]:
                sheet.x[point] = x[point] + shift
            sheet.top.append(y)
            sheet.bottom.append(y + rows[rank].height)
            y += rows[rank].height + rows[rank].gap
        leaving = part[-1].wires if end < len(rows) else 0
        sheet.right.append(shift + max(row.right for row in part))
        sheet.foot.append(sheet.bottom[-1] + (_ROW_GAP / 2 + leaving * TRACK if leaving else 0))
        left = sheet.right[-1] + _GUTTER + leaving * TRACK
    return sheet
