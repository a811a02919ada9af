"""Legends above the axes of a figure, in as many columns as it has room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from caffetools.drawing.font_metrics import text_width
from caffetools.figures.looks import short

WIDTH = 7.2
"""Inches of a figure: both columns of a paper."""
_ROOM = WIDTH - 0.75
_ROW, _SAMPLE = 0.145, 0.45
"""Inches of a row, and of what a column has beside its name."""
_SIZE = 7.5
"""Points."""
_LONGEST_NAME, _MOST_ENTRIES = 60, 60
"""Of a legend; more entries are counted."""

Entries = dict[str, Any]
"""The names of a legend, each with what matplotlib draws of it."""


def add_legends(axes: Axes, entries: Entries, above: Mapping[str, Any] | None = None) -> float:
    """Add a legend, and another one above it if it has entries; return their height in inches."""
    rows = _add_legend(axes, entries, 0)
    if above:
        lower = axes.get_legend()
        rows += _add_legend(axes, dict(above), rows)
        if lower:
            axes.add_artist(lower)  # axes keep only their last one
    return rows * _ROW


def _add_legend(axes: Axes, entries: Entries, skipped: int) -> int:
    """Add a legend so many rows above the axes; return the number of its rows."""
    if not entries:
        return 0
    more = len(entries) - _MOST_ENTRIES
    if more > 0:
        entries = dict(list(entries.items())[:_MOST_ENTRIES])
        entries[f"and {more} more"] = Line2D([], [], linestyle="")
    names = [short(name, _LONGEST_NAME) for name in entries]
    columns = fitting_columns([text_width(name, _SIZE) / 72 + _SAMPLE for name in names], _ROOM)
    figure = axes.get_figure()
    assert figure is not None
    shift = ScaledTranslation(0, skipped * _ROW, figure.dpi_scale_trans)
    legend = axes.legend(
        list(entries.values()),
        [" "] * len(names),
        loc="lower left",
        bbox_to_anchor=(0, 1),
        bbox_transform=axes.transAxes + shift,
        frameon=False,
        fontsize=_SIZE,
        handlelength=1.8,
        borderpad=0.1,
        labelspacing=0.35,
        columnspacing=1.6,
        ncols=columns,
    )
    for text, name in zip(legend.get_texts(), names, strict=True):
        # A name may look like TeX, or begin with what legends leave out.
        text.set_parse_math(False)
        text.set_text(name)
    return -(-len(names) // columns)


def fitting_columns(widths: Sequence[float], room: float) -> int:
    """Return the most columns that there is room for; each holds consecutive entries.

    >>> fitting_columns([2, 1, 1, 1], 3), fitting_columns([2, 1, 1, 1], 5)
    (2, 4)
    """
    fits = (n for n in range(len(widths), 1, -1) if _width(widths, n) <= room)
    return next(fits, 1)


def _width(widths: Sequence[float], columns: int) -> float:
    """Return the width of a legend, whose first columns have the entries that are left over."""
    least, more = divmod(len(widths), columns)
    ends = [(least * n + min(n, more)) for n in range(columns + 1)]
    return sum(max(widths[start:end]) for start, end in pairwise(ends))
