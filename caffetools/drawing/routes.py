"""Route wires: down from row to row, and from the foot of a column to the head of the next."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from caffetools.drawing.grid import Grid
from caffetools.drawing.ranks import LayoutGraph
from caffetools.drawing.scene import Move, Point

TRACK = 7.0
"""Distance of wires that lead from column to column."""
_INSET = 14.0
"""Distance of the outermost entering wire from the edge of a vertex."""
_SPREAD = 26.0
"""Distance of wires that enter a vertex, if there is room."""
_RADIUS = 6.0
_FOOT = 10.0
"""Distance of the first wire that leaves a column from the column's last row."""
_STRAIGHT = 0.5


class Sheet(NamedTuple):
    """Positions of points, rows and columns."""

    x: list[float]
    """Center of each point."""
    top: list[float]
    """Top of each row."""
    bottom: list[float]
    firsts: tuple[int, ...]
    """First row of each column."""
    right: list[float]
    """Right edge of each column."""
    foot: list[float]
    """Lower end of each column, including the wires that leave it."""


class Route(NamedTuple):
    """The line of a wire."""

    start: Point
    moves: tuple[Move, ...]
    ends: tuple[tuple[int, Point], ...]
    """Readers, and where the wire enters each."""
    forks: tuple[Point, ...] = ()
    """Where the wire branches."""


class _Turn(NamedTuple):
    """The way of a wire from the foot of a column to the head of the next."""

    foot: float
    """y of the line to the gutter."""
    gutter: float
    """x of the line upwards."""
    head: float
    """y of the line out of the gutter."""
    x: float
    """x of the line downwards."""
    y: float
    """y of its end."""


def routes(
    graph: LayoutGraph, points: Grid, starts: list[float], sheet: Sheet, corners: tuple[Point, ...]
) -> tuple[Route, ...]:
    """Return the route of each wire; `starts` are the offsets from the center of its source."""
    turns = _turns(graph, points, sheet)
    ports = _ports(graph, points, starts, sheet, turns)
    found = []
    for index, (wire, trunk) in enumerate(zip(graph.wires, points.trunks, strict=True)):
        source = wire.source
        start = (sheet.x[source] + starts[index], corners[source][1] + graph.sizes[source].height)
        moves: list[Move] = []
        ends: dict[int, Point] = {}
        forks: list[Point] = []
        begin = start
        for step, point in enumerate(trunk):
            rank = points.rank[point]
            x = begin[0] if step == 0 else sheet.x[point]
            branches = [reader for reader in wire.readers if points.rank[reader] == rank + 1]
            passing = trunk[step + 1 : step + 2]
            if not branches and not passing:
                break
            at = (x, sheet.bottom[rank])
            moves += [Move(begin, start=True), Move(at)]
            turn = turns.get((index, rank))
            if turn:
                end = (turn.x, turn.y)
                out = [(turn.gutter, turn.foot), (turn.gutter, turn.head), (turn.x, turn.head)]
                moves += rounded([at, (at[0], turn.foot), *out, end])
                at = end
            if len(branches) + len(passing) > 1:
                forks.append(at)
            for reader in branches:
                top = (ports[reader, index], sheet.top[rank + 1])
                ends[reader] = (top[0], corners[reader][1])
                moves += [Move(at, start=True), _bend(at, top), Move(ends[reader])]
            for below in passing:
                begin = (sheet.x[below], sheet.top[rank + 1])
                moves += [Move(at, start=True), _bend(at, begin)]
        found.append(Route(start, _joined(moves), tuple(sorted(ends.items())), tuple(forks)))
    return tuple(found)


def _turns(graph: LayoutGraph, points: Grid, sheet: Sheet) -> dict[tuple[int, int], _Turn]:
    """Return the way of each wire that leaves a column, by wire and row."""
    found: dict[tuple[int, int], _Turn] = {}
    for column, first in enumerate(sheet.firsts[1:]):
        rank = first - 1
        leaving = []
        for index, (wire, trunk) in enumerate(zip(graph.wires, points.trunks, strict=True)):
            step = rank - points.rank[wire.source]
            if 0 <= step < len(trunk):
                aims = [r for r in wire.readers if points.rank[r] == first]
                aims += trunk[step + 1 : step + 2]
                if aims:
                    aim = sum(sheet.x[a] for a in aims) / len(aims)
                    leaving.append((sheet.x[trunk[step]], aim, index))
        leaving.sort(reverse=True)
        reached = float("inf")
        head = len(leaving) * TRACK
        for number, (_, aim, index) in enumerate(leaving):
            x = reached = min(aim, reached - TRACK)
            found[index, rank] = _Turn(
                foot=sheet.bottom[rank] + _FOOT + number * TRACK,
                gutter=sheet.right[column] + 2 * _FOOT + number * TRACK,
                head=number * TRACK + 1,
                x=x,
                y=head + _RADIUS,
            )
    return found


def rounded(corners: list[Point]) -> list[Move]:
    """Draw lines from corner to corner, with inner corners rounded."""
    moves = []
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        moves += [Move(_towards(corner, before)), Move(_towards(corner, after), (corner,))]
    moves.append(Move(corners[-1]))
    return moves


def _towards(corner: Point, other: Point) -> Point:
    """Return the point at the radius from a corner towards another, at most half way."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = (dx * dx + dy * dy) ** 0.5
    share = min(_RADIUS / length, 0.5) if length else 0
    return (corner[0] + dx * share, corner[1] + dy * share)


def _ports(
    graph: LayoutGraph,
    points: Grid,
    starts: list[float],
    sheet: Sheet,
    turns: dict[tuple[int, int], _Turn],
) -> dict[tuple[int, int], float]:
    """Return the x of each wire at each of its readers, by reader and wire."""
    entering: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for index, (wire, trunk) in enumerate(zip(graph.wires, points.trunks, strict=True)):
        for reader in wire.readers:
            rank = points.rank[reader] - 1
            step = rank - points.rank[wire.source]
            turn = turns.get((index, rank))
            x = turn.x if turn else sheet.x[trunk[step]] + (0.0 if step else starts[index])
            entering[reader].append((x, index))
    found: dict[tuple[int, int], float] = {}
    for reader, wires in entering.items():
        wires.sort()
        places = _spread([x for x, _ in wires], sheet.x[reader], graph.sizes[reader].width)
        for (_, index), place in zip(wires, places, strict=True):
            found[reader, index] = place
    return found


def _spread(wanted: list[float], middle: float, width: float) -> list[float]:
    """Return where wires that come from `wanted`, in order, enter a vertex.

    They go straight down if that is within the vertex and they are far enough apart. A single wire
    enters in the middle.
    """
    if len(wanted) == 1:
        return [middle]
    reach = max(width / 2 - _INSET, 0)
    gap = min(_SPREAD, 2 * reach / (len(wanted) - 1))
    straight = [x for x in wanted if abs(x - middle) <= reach]
    left = sum(x < middle - reach for x in wanted)
    right = len(wanted) - left - len(straight)
    if not straight:
        return [middle + (i - (len(wanted) - 1) / 2) * gap for i in range(len(wanted))]
    places = [straight[0] - gap * i for i in range(left, 0, -1)]
    places += straight
    places += [straight[-1] + gap * i for i in range(1, right + 1)]
    apart, limit = min(gap, TRACK), middle - reach
    for i, place in enumerate(places):
        places[i] = limit = max(place, limit)
        limit += apart
    limit = middle + reach
    for i, place in reversed(list(enumerate(places))):
        places[i] = limit = min(place, limit)
        limit -= apart
    return places


def _bend(start: Point, end: Point) -> Move:
    """Draw a line down, or a curve that is vertical at both ends."""
    if abs(start[0] - end[0]) < _STRAIGHT:
        return Move(end)
    middle = (start[1] + end[1]) / 2
    return Move(end, ((start[0], middle), (end[0], middle)))


def _joined(moves: list[Move]) -> tuple[Move, ...]:
    """Return the moves without redundant starts and lines of no length."""
    found: list[Move] = []
    for move in moves:
        if found and move.end == found[-1].end and not move.controls:
            continue
        if move.start and found and found[-1].start:
            found.pop()
        found.append(move)
    return tuple(found)
