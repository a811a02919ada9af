"""The lines of wires: down from row to row, and from a column's foot to the next one's head."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from caffetools.drawing.grid import Grid
from caffetools.drawing.scene import Move, Point
from caffetools.drawing.wiring import LayoutGraph

TRACK = 7.0
"""Between wires that lead from column to column."""
_INSET = 14.0
"""Of the outermost wire that enters a vertex, from the vertex's edge."""
_SPREAD = 26.0
"""Between wires that enter a vertex, where there is room."""
_RADIUS = 6.0
_FOOT = 10.0
"""Between a column's last row and the first wire that leaves it."""
_STRAIGHT = 0.5


class Sheet(NamedTuple):
    """Where rows and columns stand."""

    x: list[float]
    """Of each point."""
    top: list[float]
    bottom: list[float]
    """Of each row."""
    firsts: tuple[int, ...]
    """The first row of each column."""
    left: list[float]
    right: list[float]
    foot: list[float]
    """Of each column."""


class Route(NamedTuple):
    """The line of a wire, and where it ends."""

    start: Point
    moves: tuple[Move, ...]
    ends: tuple[tuple[int, Point], ...]
    """Each reader, and where the wire enters it."""


class _Turn(NamedTuple):
    """A wire's way from the foot of a column to the head of the next."""

    foot: float
    """The height at which it goes right."""
    gutter: float
    """Where it goes up."""
    head: float
    """The height at which it goes on."""
    x: float
    """Where it goes down."""
    y: float
    """Down to there."""


def routes(
    wiring: LayoutGraph, points: Grid, starts: list[float], sheet: Sheet, corners: tuple[Point, ...]
) -> tuple[Route, ...]:
    """The line of each wire; `starts` tells how far right of its source's middle it begins."""
    turns = _turns(wiring, points, sheet)
    ports = _ports(wiring, points, starts, sheet, turns)
    found = []
    for index, (wire, trunk) in enumerate(zip(wiring.wires, points.trunks, strict=True)):
        source = wire.source
        start = (
            sheet.x[source] + starts[index],
            corners[source][1] + wiring.sizes[source].height,
        )
        moves: list[Move] = []
        ends: dict[int, Point] = {}
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
                moves += _around(at, turn)
                at = (turn.x, turn.y)
            for reader in branches:
                top = (ports[reader, index], sheet.top[rank + 1])
                ends[reader] = (top[0], corners[reader][1])
                moves += [Move(at, start=True), _bend(at, top), Move(ends[reader])]
            for below in passing:
                begin = (sheet.x[below], sheet.top[rank + 1])
                moves += [Move(at, start=True), _bend(at, begin)]
        found.append(Route(start, _joined(moves), tuple(sorted(ends.items()))))
    return tuple(found)


def _turns(wiring: LayoutGraph, points: Grid, sheet: Sheet) -> dict[tuple[int, int], _Turn]:
    """The ways round, by wire and row."""
    found: dict[tuple[int, int], _Turn] = {}
    for column, first in enumerate(sheet.firsts[1:]):
        rank = first - 1
        leaving = []
        for index, (wire, trunk) in enumerate(zip(wiring.wires, points.trunks, strict=True)):
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
            x = min(aim, reached - TRACK)
            reached = x
            found[index, rank] = _Turn(
                foot=sheet.bottom[rank] + _FOOT + number * TRACK,
                gutter=sheet.right[column] + 2 * _FOOT + number * TRACK,
                head=number * TRACK + 1,
                x=x,
                y=head + _RADIUS,
            )
    return found


def _around(at: Point, turn: _Turn) -> list[Move]:
    corners = [
        at,
        (at[0], turn.foot),
        (turn.gutter, turn.foot),
        (turn.gutter, turn.head),
        (turn.x, turn.head),
        (turn.x, turn.y),
    ]
    return rounded(corners)


def rounded(corners: list[Point]) -> list[Move]:
    """Straight lines from corner to corner, each corner but the ends made round."""
    moves = []
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        moves.append(Move(_towards(corner, before)))
        moves.append(Move(_towards(corner, after), (corner,)))
    moves.append(Move(corners[-1]))
    return moves


def _towards(corner: Point, other: Point) -> Point:
    """A point near the corner on the line to another, at most half way."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = (dx * dx + dy * dy) ** 0.5
    share = min(_RADIUS / length, 0.5) if length else 0
    return (corner[0] + dx * share, corner[1] + dy * share)


def _ports(
    wiring: LayoutGraph,
    points: Grid,
    starts: list[float],
    sheet: Sheet,
    turns: dict[tuple[int, int], _Turn],
) -> dict[tuple[int, int], float]:
    """Where each wire enters each of its readers, by reader and wire."""
    entering: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for index, (wire, trunk) in enumerate(zip(wiring.wires, points.trunks, strict=True)):
        for reader in wire.readers:
            rank = points.rank[reader] - 1
            step = rank - points.rank[wire.source]
            turn = turns.get((index, rank))
            x = turn.x if turn else sheet.x[trunk[step]] + (0.0 if step else starts[index])
            entering[reader].append((x, index))
    found: dict[tuple[int, int], float] = {}
    for reader, wires in entering.items():
        wires.sort()
        places = _spread([x for x, _ in wires], sheet.x[reader], wiring.sizes[reader].width)
        found.update(
            ((reader, index), place) for (_, index), place in zip(wires, places, strict=True)
        )
    return found


def _spread(wanted: list[float], middle: float, width: float) -> list[float]:
    """Places for wires that come from `wanted`, in order, within the vertex.

    Straight below where they may be and are far enough apart. A single wire enters in the middle.
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
    """A line down, or a curve that starts and ends upright."""
    if abs(start[0] - end[0]) < _STRAIGHT:
        return Move(end)
    middle = (start[1] + end[1]) / 2
    return Move(end, ((start[0], middle), (end[0], middle)))


def _joined(moves: list[Move]) -> tuple[Move, ...]:
    """The moves without starts where the line already is, and without lines of no length."""
    found: list[Move] = []
    for move in moves:
        if found and move.end == found[-1].end and not move.controls:
            continue
        if move.start and found and found[-1].start:
            found.pop()
        found.append(move)
    return tuple(found)
