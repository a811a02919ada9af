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
from matplotlib.patches import Patch

from caffetools.drawing.style import EVENTS, INK, MUTED
from caffetools.figures.legends import WIDTH, Entries, add_legends
from caffetools.figures.looks import legend_looks, line_looks, line_words, run_colour, short
from caffetools.figures.panels import Line, Panel, Selection, event_place, happened, panels
from caffetools.figures.scales import limits, write_numbers
from caffetools.log.collector import LogContents

_EVENTS = {"restore": ":", "resume": ":", "stopped": "--", "interrupted": "--"}
_EVENTS |= {"error": "-", "fatal": "-", "cut": "-"}
"""Kinds of events that are drawn as lines, or as ticks where runs are overlaid."""

_HEIGHT, _RATE_HEIGHT = 2.3, 0.9
"""Inches of a panel, and of that of the rate."""
_DENSITY = 200
_MOST_MARKS = 4
"""Of a legend; more are counted."""
_POINTS, _MOST_SMOOTHED = 100, 100
"""By default a mean is of one of so many parts of a line, and of at most so many values."""
_UNITS = ((259200, 86400, "days"), (7200, 3600, "hours"), (300, 60, "minutes"), (0, 1, "seconds"))
"""From so many seconds on a unit of so many seconds."""

_LOOK: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.xmargin": 0.015,
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "grid.color": "#e3e8ed",
    "grid.linewidth": 0.6,
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

    smooth: int | None = None
    """Over how many values training is averaged; the values themselves stand behind, faint. By
    default a hundredth of a line, at most 100."""
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
        warnings.filterwarnings("ignore", message="Data has no positive values")
        figure = _figure(found, logs, selection, drawing)
        figure.savefig(out, format=form, dpi=_DENSITY, metadata=metadata)
    return out.getvalue()


def _figure(
    found: Sequence[Panel], logs: Sequence[LogContents], selection: Selection, drawing: Drawing
) -> Figure:
    unit, x_title = _unit(found, selection)
    runs = {line.run: line.run_name for panel in found for line in panel.lines}
    is_overlaid = len(runs) > 1
    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    heights = [_RATE_HEIGHT if panel.is_rate else _HEIGHT for panel in found]
    grid = figure.subplots(
        len(found), sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    space = 0.5
    for axes, panel in zip(grid[:, 0], found, strict=True):
        entries = _draw_panel(axes, panel, drawing, unit, is_overlaid)
        happened = _draw_events(axes, logs, selection, unit, is_overlaid) if drawing.events else {}
        if panel is found[0]:
            names = {name: Patch(color=run_colour(run)) for run, name in sorted(runs.items())}
            space += add_legends(axes, entries | happened, names if is_overlaid else {})
        elif not panel.is_rate:
            space += add_legends(axes, entries)
    last = grid[-1, 0]
    last.set_xlabel(x_title)
    is_log = any(x > 0 for panel in found for line in panel.lines for x in line.x)
    is_log = is_log and drawing.log_x
    if is_log:
        last.set_xscale("log")
    write_numbers(last.xaxis, is_log)
    if drawing.title:
        figure.suptitle(short(drawing.title, 90), fontsize=10, parse_math=False)
    figure.set_size_inches(WIDTH, sum(heights) + space)
    return figure


def _unit(found: Sequence[Panel], selection: Selection) -> tuple[float, str]:
    """Return the divisor of x, and the label of the x axis."""
    if selection.x != "time":
        return 1, selection.x
    places = (x for panel in found for line in panel.lines for x in line.x if math.isfinite(x))
    longest = max(places, default=0)
    seconds, name = next((unit, name) for least, unit, name in _UNITS if longest >= least)
    return seconds, f"time in {name}"


def _draw_panel(
    axes: Axes, panel: Panel, drawing: Drawing, unit: float, is_overlaid: bool
) -> Entries:
    """Draw the lines and the marks of a panel; return its legend."""
    axes.set_ylabel(short(panel.title), parse_math=False)
    looks = line_looks(panel, is_overlaid)
    named = legend_looks(panel, is_overlaid).items()
    entries: Entries = {name: Line2D([], [], **look) for name, look in named}
    for line, look in zip(panel.lines, looks, strict=True):
        if _draw_line(axes, panel, line, look, drawing, unit):
            faint = Line2D([], [], color=MUTED, alpha=0.4, linewidth=0.7)
            entries["raw values behind running means"] = faint
    known = [value for line in panel.lines for value in line.series.values]
    values = [value for value in known if 0 < value < math.inf]
    wide = panel.is_rate and values and max(values) >= 8 * min(values)
    is_log = bool(values and (wide or (drawing.log_y and not panel.is_share)))
    if is_log:
        axes.set_yscale("log")
    write_numbers(axes.yaxis, is_log)
    is_cut = not (is_log or panel.is_rate or panel.is_share)
    ends = limits(line.series.values for line in panel.lines) if is_cut else None
    if ends:
        axes.set_ylim(ends)
    limit = ends[1] if ends else math.inf
    return entries | _draw_marks(axes, panel, looks, unit, limit, is_overlaid)


def _draw_line(
    axes: Axes, panel: Panel, line: Line, look: dict[str, Any], drawing: Drawing, unit: float
) -> bool:
    """Draw a line; return whether it is smoothed."""
    x = [place / unit for place in line.x]
    values = [value if math.isfinite(value) else math.nan for value in line.series.values]
    window = drawing.smooth or min(len(x) // _POINTS, _MOST_SMOOTHED)
    is_smoothed = window > 1 and line.series.key.net is None and not panel.is_rate
    if panel.is_rate:
        axes.step(x, values, where="post", **look)
    elif is_smoothed:
        axes.plot(x, values, **{**look, "alpha": 0.25, "marker": "", "linewidth": 0.7})
        axes.plot(x, list(line.series.smoothed(window)), **look, alpha=0.9)
    else:
        axes.plot(x, values, **look, alpha=0.9)
    gaps = [True, *map(math.isnan, values), True]
    alone = [i for i in range(len(x)) if gaps[i : i + 3] == [True, False, True]]
    if alone:
        axes.plot([x[i] for i in alone], [values[i] for i in alone], ".", color=look["color"])
    return is_smoothed


def _draw_marks(
    axes: Axes,
    panel: Panel,
    looks: Sequence[dict[str, Any]],
    unit: float,
    limit: float,
    is_overlaid: bool,
) -> Entries:
    """Mark where values become NaN or infinite, and those above the limit; return their legend."""
    entries: Entries = {}
    top = axes.get_xaxis_transform()
    for line, look in zip(panel.lines, looks, strict=True):
        words = f"{short(line.run_name, 20)}: " * is_overlaid + line_words(line, is_whole=False)
        values = line.series.values
        odd = [not math.isfinite(value) for value in values]
        starts = [i for i, is_odd in enumerate(odd) if is_odd and not (i and odd[i - 1])]
        high = [i for i, value in enumerate(values) if limit < value < math.inf]
        for marker, marked in (("x", starts), ("^", high)):
            if not marked:
                continue
            style = {"color": look["color"], "marker": marker, "markersize": 5, "linestyle": ""}
            x = [line.x[i] / unit for i in marked]
            axes.plot(x, [0.97] * len(x), transform=top, **style)
            if marked is starts:
                name = {"nan": "NaN"}.get(str(values[starts[0]]), str(values[starts[0]]))
                what = f"{words} is {name} from {line.series.iterations[starts[0]]:,} on"
            else:
                what = f"{words} is up to {max(values[i] for i in high):,.6g}"
            entries[what] = Line2D([], [], **style)
    more = len(entries) - _MOST_MARKS
    if more > 0:
        entries = dict(list(entries.items())[:_MOST_MARKS])
        entries[f"and {more} more lines with such marks"] = Line2D([], [], linestyle="")
    return entries


def _draw_events(
    axes: Axes, logs: Sequence[LogContents], selection: Selection, unit: float, is_overlaid: bool
) -> Entries:
    """Draw what happened; return what the kinds are called, and how a legend shows them."""
    found: Entries = {}
    for log in logs:
        for event in happened(log):
            place = event_place(event, log, selection.x) / unit
            if math.isnan(place) or event.kind not in ("snapshot", *_EVENTS):
                continue
            name, colour = EVENTS[event.kind]
            if is_overlaid or event.kind == "snapshot":
                axes.axvline(place, ymax=0.03, color=colour, linewidth=0.8)
                found[name] = Line2D([], [], color=colour, linestyle="", marker="|")
            else:
                found[name] = axes.axvline(place, color=colour, lw=0.9, ls=_EVENTS[event.kind])
    return found
