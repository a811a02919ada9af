"""How axes write their numbers, and where they end."""

from __future__ import annotations

import math

import pytest
from matplotlib.figure import Figure

from caffetools.figures.scales import limits, write_numbers


def ticks(values: list[float], is_log: bool = False) -> list[str]:
    axis = Figure().add_subplot().yaxis
    axis.axes.set_ylim(min(values), max(values))
    if is_log:
        axis.axes.set_yscale("log")
    write_numbers(axis, is_log)
    return axis.get_major_formatter().format_ticks(values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 5000, 10_000], ["0", "5,000", "10,000"]),
        ([0, 0.5, 1], ["0.0", "0.5", "1.0"]),
        ([0.25, 0.5], ["0.25", "0.50"]),
        ([-1, 0], ["-1", "0"]),
        ([9.5e-9, 1e-8, 1.05e-8], ["9.5e-9", "1e-8", "1.05e-8"]),
        ([0, 2e7], ["0", "2e7"]),
    ],
)
def test_linear(values: list[float], expected: list[str]) -> None:
    assert ticks(values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.001, 0.1, 10, 1000], ["0.001", "0.1", "10", "1,000"]),
        ([1e-6, 1e-2, 1], ["1e-6", "1e-2", "1e0"]),
        ([1, 1e8], ["1e0", "1e8"]),
    ],
)
def test_logarithmic(values: list[float], expected: list[str]) -> None:
    assert ticks(values, is_log=True) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # one of eleven values is far above: from 1 and 2, and a tenth of their distance more
        ([[87.3, *[1.0, 2.0] * 5]], (0.9, 2.1)),
        ([[87.3, *[1.0, 2.0] * 5], [5.0, math.nan]], (1 - 0.4, 5 + 0.4)),
        ([[87.3, 87.3, *[1.0, 2.0] * 5]], None),  # two of twelve
        ([[87.3, 1.0, 2.0]], None),  # too few values to say
        ([[5.0, *[1.0, 2.0] * 5]], None),  # 4 is no more than 4 times 1
        ([[1.0] * 9, [math.nan]], None),
        ([], None),
    ],
)
def test_limits(lines: list[list[float]], expected: tuple[float, float] | None) -> None:
    assert limits(lines) == (expected and pytest.approx(expected))
