"""The curves of logs as a figure: losses, outputs and rates, of one run or of several overlaid."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatter, StrMethodFormatter

from caffetools.drawing.style import EVENTS, INK, MUTED
from caffetools.figures.looks import legend_entries, line_looks, line_words, short
from caffetools.figures.panels import Panel, Selection, event_place, panels
from caffetools.log.collector import LogContents

_EVENTS = ("restore", "stopped", "interrupted", "error", "fatal", "cut")
"""Kinds of events that are drawn as lines."""

_WIDTH = 7.2
"""Inches: both columns of a paper."""
_HEIGHT, _RATE_HEIGHT = 2.3, 0.9
"""Inches of a panel."""
_DENSITY = 200
_MOST_LINES = 14
"""Of a legend; more are counted."""
_UNITS = ((259200, 86400, "days"), (7200, 3600, "hours"), (300, 60, "minutes"), (0, 1, "seconds"))
"""From so many seconds on a unit of so many seconds."""

_LOOK: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.formatter.limits": (-4, 6),
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "grid.color": "#e3e8ed",
    "grid.linewidth": 0.6,
    "legend.fontsize": 7.5,
    "path.simplify_threshold": 0.3,
    "pdf.fonttype": 42,
    "svg.hashsalt": "caffetools",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}


@dataclass(frozen=True)
class Drawing:
    """How curves are drawn."""

    smooth: int = 1
    """Over how many values training is averaged; the values themselves stand behind, faint."""
    log_x: bool = False
    log_y: bool = False
    events: bool = True
    title: str = ""


def plot(
    logs: Sequence[LogContents],
    form: str,
    names: Sequence[str] = (),
    selection: Selection | None = None,
    drawing: Drawing | None = None,
) -> bytes:
    """The curves of logs as `png`, `svg` or `pdf`; each log is called by its name, or its file's.

    Raises CaffeToolsError for logs without a curve, or no epochs where x asks for them.
    """
    selection, drawing = selection or Selection(), drawing or Drawing()
    found = panels(logs, names, selection)
    metadata = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[form]
    out = io.BytesIO()
    with mpl.rc_context(_LOOK), warnings.catch_warnings():
        # DejaVu Sans lacks some scripts: it shows a frame instead, and that is all there is to say.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = _figure(found, logs, selection, drawing)
        figure.savefig(out, format=form, dpi=_DENSITY, metadata=metadata)
    return out.getvalue()


def _figure(
    found: Sequence[Panel], logs: Sequence[LogContents], selection: Selection, drawing: Drawing
) -> Figure:
    heights = [_RATE_HEIGHT if panel.is_rate else _HEIGHT for panel in found]
    figure = Figure(figsize=(_WIDTH, sum(heights) + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(
        len(found), sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    unit, x_title = _unit(found, selection)
    is_overlaid = len({line.run for panel in found for line in panel.lines}) > 1
    for axes, panel in zip(grid[:, 0], found, strict=True):
        _draw_panel(axes, panel, drawing, unit, is_overlaid)
        happened = _draw_events(axes, logs, selection, unit) if drawing.events else {}
        _add_legend(axes, panel, happened if panel is found[0] else {}, is_overlaid)
    last = grid[-1, 0]
    last.set_xlabel(x_title)
    if drawing.log_x and any(x > 0 for panel in found for line in panel.lines for x in line.x):
        last.set_xscale("log")
    elif selection.x == "iteration":
        last.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    if drawing.title:
        figure.suptitle(short(drawing.title, 90), fontsize=10, parse_math=False)
    return figure


def _unit(found: Sequence[Panel], selection: Selection) -> tuple[float, str]:
    """Return the divisor of x, and the label of the x axis."""
    if selection.x != "time":
        return 1, selection.x
    places = (x for panel in found for line in panel.lines for x in line.x if math.isfinite(x))
    longest = max(places, default=0)
    seconds, name = next((unit, name) for least, unit, name in _UNITS if longest >= least)
    return seconds, f"time in {name}"


def _draw_panel(axes: Axes, panel: Panel, drawing: Drawing, unit: float, is_overlaid: bool) -> None:
    axes.set_ylabel(panel.title)
    for line, look in zip(panel.lines, line_looks(panel, is_overlaid), strict=True):
        x = [place / unit for place in line.x]
        values = [value if math.isfinite(value) else math.nan for value in line.series.values]
        if panel.is_rate:
            axes.step(x, values, where="post", **look)
        elif drawing.smooth > 1 and line.series.key.net is None:
            axes.plot(x, values, **{**look, "alpha": 0.25, "marker": "", "linewidth": 0.7})
            axes.plot(x, list(line.series.smoothed(drawing.smooth)), **look)
        else:
            axes.plot(x, values, **look)
    known = [value for line in panel.lines for value in line.series.values]
    values = [value for value in known if 0 < value < math.inf]
    wide = panel.is_rate and values and max(values) >= 8 * min(values)
    if values and (wide or (drawing.log_y and panel.title != "outputs")):
        axes.set_yscale("log")
        if not panel.is_rate:
            axes.yaxis.set_major_formatter(LogFormatter())
            axes.yaxis.set_minor_formatter(LogFormatter())


def _draw_events(
    axes: Axes, logs: Sequence[LogContents], selection: Selection, unit: float
) -> dict[str, Line2D]:
    """Draw what happened; gives what the kinds are called, and how a legend shows them."""
    found: dict[str, Line2D] = {}
    for log in logs:
        for event in log.events:
            place = event_place(event, log, selection.x) / unit
            if math.isnan(place):
                continue
            if event.kind == "snapshot":
                axes.axvline(place, ymax=0.03, color=MUTED, linewidth=0.8)
                found[event.kind] = Line2D([], [], color=MUTED, linestyle="", marker="|")
            elif event.kind in _EVENTS:
                name, colour = EVENTS[event.kind]
                found[name] = axes.axvline(place, color=colour, linewidth=0.9, linestyle=":")
    return found


def _add_legend(axes: Axes, panel: Panel, happened: dict[str, Line2D], is_overlaid: bool) -> None:
    """Add the legend outside of the axes."""
    if panel.is_rate:
        return
    named: dict[tuple[Any, ...], tuple[str, Line2D]] = {}
    looks = line_looks(panel, is_overlaid)
    for line, look, entry in zip(panel.lines, looks, legend_entries(panel), strict=True):
        words = line_words(line, is_whole=len(entry) < len(line.series.key))
        name = f"{line.run_name}: {words}" if is_overlaid else words
        named.setdefault(entry, (name, Line2D([], [], **look)))
    entries = list(named.values())
    more = len(entries) - _MOST_LINES
    if more > 0:
        entries[_MOST_LINES:] = [(f"and {more} more", Line2D([], [], linestyle=""))]
    entries += happened.items()
    legend = axes.legend(
        [artist for _, artist in entries],
        [" "] * len(entries),
        loc="upper left",
        bbox_to_anchor=(1.0, 1.02),
        frameon=False,
        handlelength=1.8,
    )
    for text, (name, _) in zip(legend.get_texts(), entries, strict=True):
        # A name may look like TeX, or begin with what legends leave out.
        text.set_parse_math(False)
        text.set_text(short(name))
