"""Legends: their columns, what they count, how much room they take."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from caffetools.figures.legends import Entries, add_legends, fitting_columns


def entries(count: int, width: int = 1) -> Entries:
    return {f"{'w' * width}{i}": Line2D([], []) for i in range(count)}


@pytest.mark.parametrize(
    ("widths", "columns"),
    [
        ([1, 1, 1], 3),
        ([3, 1, 1, 1], 2),  # [3, 1], [1, 1]: 3 + 1
        ([5, 1], 1),
        ([9], 1),
    ],
)
def test_columns(widths: list[float], columns: int) -> None:
    assert fitting_columns(widths, 4) == columns


def test_one_above_the_other() -> None:
    figure = Figure(figsize=(7.2, 3))
    axes = figure.add_subplot()
    height = add_legends(axes, entries(3, 50), entries(2))  # names too long for two in a row
    assert height == pytest.approx(0.145 * (3 + 1))
    boxes = [legend.get_window_extent() for legend in figure.findobj(Legend)]
    below, above = sorted(boxes, key=lambda box: box.y0)
    assert axes.get_window_extent().y1 <= below.y0
    assert below.y1 <= above.y0 + 0.02 * figure.dpi


def test_entries_that_there_is_no_room_for_are_counted() -> None:
    axes = Figure().add_subplot()
    add_legends(axes, entries(65))
    legend = axes.get_legend()
    assert legend is not None
    assert legend.get_texts()[-1].get_text() == "and 5 more"  # 65 - 60
    assert add_legends(axes, {}) == 0
