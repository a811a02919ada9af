"""Split a long drawing into columns, where few wires pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

PAGE = 1.414
"""Ratio of the longer to the shorter side of a sheet of paper (ISO 216)."""

_MAX_HEIGHT = 900
"""Maximum height of a drawing in one column."""
_MAX_WIRES = 4
"""Maximum number of wires from the end of a column to the next."""
_MAX_COLUMNS = 24
_COLUMN_COST = 0.04
"""Relative increase of the page's size that is as bad as another column."""
_MIN_FILLED = 0.7
"""Minimum fill of a column that ends early because fewer wires pass there."""


class Band(NamedTuple):
    """Size of a row of a drawing."""

    height: float
    """Height including the gap below the row."""
    width: float
    wires: int
    """Number of wires that pass the gap."""


def columns(rows: Sequence[Band], gutter: float, wanted: int | None = None) -> list[int]:
    """Return the first row of each column: `wanted` columns, or as many as suit the page best."""
    total = _height(rows)
    if wanted is None and total <= _MAX_HEIGHT:
        return [0]
    numbers = range(1, _MAX_COLUMNS + 1) if wanted is None else [max(1, wanted)]
    found = [_cut(rows, number) for number in numbers]
    return min(found, key=lambda starts: _size(rows, starts, gutter))


def _cut(rows: Sequence[Band], number: int) -> list[int]:
    """Split rows into at most `number` columns of minimum height."""
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
    """Fill columns up to a height, one after the other; None if `number` columns are too few."""
    starts = [0]
    while True:
        used = 0.0
        cuts = []  # possible first rows of the next column, and the height of this one
        for index in range(starts[-1], len(rows)):
            if index > starts[-1] and rows[index - 1].wires <= _MAX_WIRES:
                cuts.append((index, used))
            used += rows[index].height
            if used > height:
                break
        if used <= height:
            return starts
        if not cuts or len(starts) == number:
            return None
        full = [index for index, filled in cuts if filled >= _MIN_FILLED * cuts[-1][1]]
        starts.append(min(full, key=lambda index: (rows[index - 1].wires, -index)))


def _size(rows: Sequence[Band], starts: list[int], gutter: float) -> float:
    """Return the size of the page needed, in the better orientation, plus the cost of columns."""
    parts = [rows[a:b] for a, b in zip(starts, [*starts[1:], len(rows)], strict=True)]
    width = sum(max(row.width for row in part) + gutter for part in parts)
    height = max(map(_height, parts))
    portrait = max(width, height / PAGE)
    landscape = max(width / PAGE, height)
    return min(portrait, landscape) * (1 + _COLUMN_COST * len(parts))


def _height(rows: Sequence[Band]) -> float:
    return sum(row.height for row in rows)
