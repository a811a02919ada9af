"""Colours, dashes, markers and names of the lines of a figure."""

from __future__ import annotations

from collections import Counter
from typing import Any

from caffetools.drawing.style import INK, LINES
from caffetools.figures.panels import Line, Panel
from caffetools.table import printable

_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1, 1.5, 1)))
_MARKERS = ("o", "s", "^", "D", "v")

_LONGEST_NAME = 38
_MOST_ELEMENTS = 6
"""Maximum length of a vector whose elements look different."""
_MARKERS_A_LINE = 20
_CLASS = " class AP "
"""In the name of a detector's score of one class; the line of their mean is thicker."""


def line_looks(panel: Panel, is_overlaid: bool) -> list[dict[str, Any]]:
    """Colour, dashes and marker of each line: runs have colours, or else what the lines show."""
    entries = legend_entries(panel)
    sizes = Counter(entries)
    names = list(dict.fromkeys(entry[1:] for entry in entries))
    looks = []
    for line, entry in zip(panel.lines, entries, strict=True):
        number = names.index(entry[1:])
        is_test = line.series.key.net is not None
        is_one_of_many = sizes[entry] > _MOST_ELEMENTS
        is_thin = is_one_of_many or _CLASS in line.series.key.name
        many = number if is_overlaid else number // len(LINES)
        has_markers = (is_test or many >= len(_DASHES)) and not is_one_of_many
        looks.append(
            {
                "color": run_colour(line.run if is_overlaid else number),
                "linestyle": _DASHES[many % len(_DASHES)],
                "linewidth": 0.6 if is_thin else 1.5 if is_test else 1.0,
                "marker": _MARKERS[number % len(_MARKERS)] if has_markers else "",
                "markevery": max(len(line.x) // _MARKERS_A_LINE, 1),
                "markersize": 2 if is_thin else 3,
                "zorder": 2 + is_test,
            }
        )
    return looks


def run_colour(number: int) -> str:
    """Return a colour by number; each further round of them is darker."""
    parts = [LINES[number % len(LINES)][place : place + 2] for place in (1, 3, 5)]
    rounds = number // len(LINES)
    return "#" + "".join(f"{int(part, 16) * 2 // (2 + rounds):02x}" for part in parts)


def legend_looks(panel: Panel, is_overlaid: bool) -> dict[str, dict[str, Any]]:
    """Return the look of each name in a panel's legend; overlaid runs share theirs, without colour.

    Elements of a long vector share one.
    """
    found: dict[str, dict[str, Any]] = {}
    entries = zip(panel.lines, legend_entries(panel), line_looks(panel, is_overlaid), strict=True)
    for line, entry, look in entries:
        words = line_words(line, is_whole=len(entry) < len(line.series.key))
        found.setdefault(words, {**look, "color": INK} if is_overlaid else look)
    return found


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
