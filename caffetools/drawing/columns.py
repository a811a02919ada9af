"""Long drawings set in columns, as a page sets text: cut where few wires pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

PAGE = 1.414
"""The longer to the shorter side of a sheet of paper (ISO 216)."""

_TALLEST = 900
"""Up to this height a drawing stays in one column."""
_MOST_WIRES = 4
"""That may be led from the foot of a column to the head of the next."""
_MOST_COLUMNS = 24
_COLUMN_COST = 0.04
"""How much larger a page is worth one column less."""
_LEAST_FILLED = 0.7
"""Of a column that might hold more, so that it may end where fewer wires pass."""


class Band(NamedTuple):
    """What a row of a drawing takes."""

    height: float
    """With the gap under it."""
    width: float
    wires: int
    """That pass the gap."""


def columns(rows: Sequence[Band], gutter: float, wanted: int | None = None) -> list[int]:
    """The first row of each column: as many as `wanted`, or as make a page of good proportions."""
    total = _height(rows)
    if wanted is None and total <= _TALLEST:
        return [0]
    numbers = range(1, _MOST_COLUMNS + 1) if wanted is None else [max(1, wanted)]
    found = [_cut(rows, number) for number in numbers]
    return min(found, key=lambda starts: _size(rows, starts, gutter))


def _cut(rows: Sequence[Band], number: int) -> list[int]:
    """At most so many columns, the highest as low as the places for cuts let it."""
    low, high = 0.0, _height(rows)
    best = [0]
    for _ in range(24):
        middle = (low + high) / 2
        starts = _filled(rows, middle, number)
        if starts is None:
            low = middle
        else:
            best, high = starts, middle
    return best


def _filled(rows: Sequence[Band], height: float, number: int) -> list[int] | None:
    """Columns filled up to a height, one after the other; None where `number` do not suffice."""
    starts = [0]
    while True:
        used = 0.0
        cuts = []  # rows that the next column may begin with, and how full this one is then
        for index in range(starts[-1], len(rows)):
            if index > starts[-1] and rows[index - 1].wires <= _MOST_WIRES:
                cuts.append((index, used))
            used += rows[index].height
            if used > height:
                break
        if used <= height:
            return starts
        if not cuts or len(starts) == number:
            return None
        full = [index for index, filled in cuts if filled >= _LEAST_FILLED * cuts[-1][1]]
        starts.append(min(full, key=lambda index: (rows[index - 1].wires, -index)))


def _size(rows: Sequence[Band], starts: list[int], gutter: float) -> float:
    """How large the page has to be, in either orientation, so that all fits."""
    parts = [rows[a:b] for a, b in zip(starts, [*starts[1:], len(rows)], strict=True)]
    width = sum(max(row.width for row in part) + gutter for part in parts)
    height = max(map(_height, parts))
    upright = max(width, height / PAGE)
    lying = max(width / PAGE, height)
    return min(upright, lying) * (1 + _COLUMN_COST * len(parts))


def _height(rows: Sequence[Band]) -> float:
    return sum(row.height for row in rows)
