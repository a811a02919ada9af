"""A confusion matrix as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from caffetools.drawing.style import INK
from caffetools.figures.looks import short

_MOST_NAMES = 40
"""Classes up to which each has its name and its counts."""


def draw_confusion(matrix: Sequence[Sequence[int]], names: Sequence[str], form: str) -> bytes:
    """Draw counts by label and prediction, each row in colours of its own sum, as a file."""
    size = len(matrix)
    rows = [[count / max(sum(row), 1) for count in row] for row in matrix]
    side = min(max(0.32 * size + 1.6, 3.2), 12)
    figure = Figure(figsize=(side, side), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(rows, cmap="Blues", vmin=0, vmax=1)
    axes.set_xlabel("prediction")
    axes.set_ylabel("label")
    if size <= _MOST_NAMES:
        shown = [short(name, 20) for name in names]
        axes.set_xticks(range(size), shown, rotation=90, fontsize=7)
        axes.set_yticks(range(size), shown, fontsize=7)
        for label, row in enumerate(matrix):
            for predicted, count in enumerate(row):
                if count:
                    colour = "white" if rows[label][predicted] > 0.5 else INK
                    text = axes.text(predicted, label, str(count), color=colour, fontsize=6)
                    text.set(ha="center", va="center")
    file = io.BytesIO()
    figure.savefig(file, format=form, dpi=160)
    return file.getvalue()
