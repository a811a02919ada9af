"""Scales of a figure's axes: numbers written alike, and limits that single values do not set."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from matplotlib.axis import Axis
from matplotlib.ticker import Formatter, LogFormatter

_LEAST, _MOST = 1e-4, 1e7
"""Between them numbers are written out, with thousands separators."""
_OUTLIER = 4
"""How many times the range of the other values a range has to be to be cut."""


class _Linear(Formatter):
    """Numbers with as many decimals as their distances need."""

    def __call__(self, value: float, pos: int | None = None) -> str:
        return self.format_ticks([value])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        most = max((abs(value) for value in values), default=0)
        if not (most == 0 or 10 * _LEAST <= most < _MOST):
            return [_power(value) for value in values]
        near = most * 1e-9
        digits = range(12)
        exact = (n for n in digits if all(abs(round(v, n) - v) <= near for v in values))
        places = next(exact, digits[-1])
        return [f"{value + 0.0:,.{places}f}" for value in values]


class _Log(LogFormatter):
    """The same for a logarithmic axis: all numbers are written out, or all as powers of ten."""

    def __call__(self, value: float, pos: int | None = None) -> str:
        if not super().__call__(value, pos):
            return ""
        low, high = sorted(self.axis.get_view_interval())  # type: ignore[union-attr]
        return f"{value:,.10g}" if low >= _LEAST / 2 and high < _MOST else _power(value)


def _power(value: float) -> str:
    digits, power = f"{value:.6e}".split("e")
    digits = digits.rstrip("0").rstrip(".")
    return f"{digits}e{int(power)}" if value else "0"


def write_numbers(axis: Axis, is_log: bool) -> None:
    """Let an axis write its numbers alike."""
    axis.set_major_formatter(_Log() if is_log else _Linear())
    if is_log:
        axis.set_minor_formatter(_Log())


def limits(lines: Iterable[Sequence[float]]) -> tuple[float, float] | None:
    """Return limits for an axis that a few high values would flatten the other ones on.

    They are at most a fiftieth of a line, or the highest of ten or more. None without such values.
    """
    low, high, most = math.inf, -math.inf, -math.inf
    for values in lines:
        finite = sorted(filter(math.isfinite, values))
        if finite:
            kept = len(finite) - (max(len(finite) // 50, 1) if len(finite) >= 10 else 0)
            low, high = min(low, finite[0]), max(high, finite[kept - 1])
            most = max(most, finite[-1])
    is_flat = most - low > _OUTLIER * (high - low) > 0
    margin = 0.1 * (high - low)
    return (low - margin, high + margin) if is_flat else None
