"""Colours, dashes, markers and names of the lines of a figure."""

from __future__ import annotations

from collections import Counter
from typing import Any

from caffetools.drawing.style import LINES
from caffetools.figures.panels import Line, Panel
from caffetools.table import printable

_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1, 1.5, 1)))
_MARKERS = ("o", "s", "^", "D", "v")

_LONGEST_NAME = 38
_MOST_ELEMENTS = 6
"""Maximum length of a vector whose elements look different."""
_MOST_MARKERS = 60
"""Points of a line, up to which each has its marker."""


def line_looks(panel: Panel, is_overlaid: bool) -> list[dict[str, Any]]:
    """Colour, dashes and marker of each line: runs have colours, or else what the lines tell."""
    kinds = [what[1:] for what in legend_entries(panel)]
    names = list(dict.fromkeys(kinds))
    looks = []
    for line, kind in zip(panel.lines, kinds, strict=True):
        number = names.index(kind)
        is_test = line.series.key.net is not None
        is_one_of_many = kinds.count(kind) > _MOST_ELEMENTS
        has_markers = is_test and len(line.x) <= _MOST_MARKERS and not is_one_of_many
        looks.append(
            {
                "color": LINES[(line.run if is_overlaid else number) % len(LINES)],
                "linestyle": _DASHES[number % len(_DASHES) if is_overlaid else 0],
                "linewidth": 0.5 if is_one_of_many else 1.5 if is_test else 1.0,
                "marker": _MARKERS[number % len(_MARKERS)] if has_markers else "",
                "markersize": 3,
            }
        )
    return looks


def legend_entries(panel: Panel) -> list[tuple[Any, ...]]:
    """Return the key of each line in the legend; elements of a long vector share one."""
    vectors = [(line.run, *line.series.key[1:4]) for line in panel.lines]
    sizes = Counter(vectors)
    return [
        vector if sizes[vector] > _MOST_ELEMENTS else (*vector, line.series.key.element)
        for line, vector in zip(panel.lines, vectors, strict=True)
    ]


def line_words(line: Line, *, is_whole: bool) -> str:
    """Return the name of a line; `is_whole` for a vector named as one."""
    key = line.series.key
    net = "train" if key.net is None else f"test {key.net}" if key.net else "test"
    name = "loss" if key.kind == "total" else key.name
    return f"{net} {name}" + ("" if is_whole or key.element is None else f"[{key.element}]")


def short(name: str, longest: int = _LONGEST_NAME) -> str:
    """A name in one line, without its middle where it is long."""
    names = " ".join(printable(name).split())
    half = longest // 2
    return names if len(names) <= longest else f"{names[:half]}…{names[-half:]}"
