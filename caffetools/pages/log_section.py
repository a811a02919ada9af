"""The section of a page about a log: charts, events, differences from the net."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from caffetools.check.compare import Comparison
from caffetools.check.log_summary import net_words
from caffetools.check.parsed_log import ParsedLog
from caffetools.drawing.style import LINES, fitted
from caffetools.drawing.svg import svg
from caffetools.figures.looks import line_words
from caffetools.figures.panels import Line, Selection, grouped_lines
from caffetools.log.logged_net import LoggedNet
from caffetools.pages.chart import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    ChartLine,
    EventMark,
    axis,
    chart,
    thinned,
)
from caffetools.pages.markup import Markup, element, joined, section
from caffetools.table import printable, shown

_MAX_CHARTS = 4
"""Maximum number of charts with the same title."""
_MAX_MARKS = 200
_MAX_EVENTS = 500
_MAX_DIFFERENCES = 200


class CheckedLog(NamedTuple):
    """A log, and the comparisons of its nets with the net of the page."""

    log: ParsedLog
    checked: tuple[tuple[LoggedNet, Comparison], ...] = ()


def log_section(found: CheckedLog, index: int) -> Markup:
    """Return the section of a log; `index` makes its ids unique."""
    contents = found.log.contents
    age = contents.caffe
    release = f", written by Caffe {age.release}" if age.release else ""
    parts = [element("p", f"{contents.name}: {shown(contents.lines)} lines{release}")]
    parts.append(element("div", *_charts(found.log, index), class_="charts"))
    parts.append(_events(found.log))
    parts.append(_differences(found))
    return section(f"log-{index}", f"Log {index + 1}", *parts)


def charts(log: ParsedLog) -> list[tuple[str, list[ChartLine]]]:
    """Return the titles and lines of a log's charts, grouped as by `caffetools plot`.

    A chart has at most as many lines as there are colours.
    """
    found: list[tuple[str, list[ChartLine]]] = []
    for panel in grouped_lines([log.contents], [], Selection()):
        several = len({line.run for line in panel.lines}) > 1
        lines = [
            ChartLine(
                _line_name(line, several),
                thinned(list(zip(line.x, line.series.values, strict=True))),
            )
            for line in panel.lines
            if (line.series.key.element or 0) < len(LINES)
        ]
        found.extend(
            (panel.title.capitalize(), lines[start : start + len(LINES)])
            for start in range(0, min(len(lines), _MAX_CHARTS * len(LINES)), len(LINES))
        )
    return found


def _line_name(line: Line, several: bool) -> str:
    """Return the name of a line, with its run if there are several."""
    is_rate = line.series.key.kind == "rate"
    name = "learning rate" if is_rate else printable(line_words(line, is_whole=False))
    return fitted(f"{line.run_name}: {name}" if several else name, "legend", 200)


def marks(log: ParsedLog) -> list[EventMark]:
    """Return the events of a log that have an iteration."""
    found = [
        EventMark(
            event.iteration, f"{event.kind} at {event.iteration:,}: {printable(event.message)}"
        )
        for event in log.contents.events
        if event.iteration is not None and event.kind != "rate"
    ]
    return found[:_MAX_MARKS]


def _charts(log: ParsedLog, index: int) -> Iterator[Markup]:
    happened = marks(log)
    for number, (title, series) in enumerate(charts(log)):
        drawing = svg(chart(title, series, happened), f"chart-{index}-{number}", own_style=False)
        x = axis([point[0] for line in series for point in line.points])
        data = {
            "series": [line._asdict() for line in series],
            "low": x.low,
            "high": x.high,
            "left": LEFT,
            "right": WIDTH - RIGHT,
            "top": TOP,
            "bottom": HEIGHT - BOTTOM,
        }
        yield element(
            "figure",
            element("figcaption", title),
            Markup(drawing),
            element("output"),
            class_="chart",
            tabindex=0,
            data_series=json.dumps(data, separators=(",", ":")),
            aria_label=f"{title}: arrow keys show the values at each iteration",
        )


def _events(log: ParsedLog) -> Markup:
    events = log.contents.events
    rows = [
        element(
            "tr",
            element("td", f"{event.line:,}", class_="numeric"),
            element("td", shown(event.iteration), class_="numeric"),
            element("td", event.kind),
            element("td", event.message),
        )
        for event in events[:_MAX_EVENTS]
    ]
    if not rows:
        return joined(element("h3", "Events"), element("p", "None."))
    heads = [element("th", name, scope="col") for name in ("line", "iteration", "kind", "message")]
    table = element("table", element("thead", element("tr", *heads)), element("tbody", *rows))
    counts = ", ".join(f"{count:,} {kind}" for kind, count in log.contents.event_counts.items())
    return joined(
        element("h3", "Events"),
        element("p", counts),
        element("div", table, class_="events", tabindex=0, role="region", aria_label="Events"),
    )


def _differences(found: CheckedLog) -> Markup:
    """Return the differences of the log from the page's net, and from the nets that it prints."""
    log = found.log
    echoes = zip(log.contents.nets, log.comparisons, strict=True)
    parts = [
        *_disagreements("this net", found.checked),
        *_disagreements("the net in the log", tuple(echoes)),
    ]
    return joined(element("h3", "Differences between log and net"), *parts)


def _disagreements(what: str, pairs: Sequence[tuple[LoggedNet, Comparison]]) -> Iterator[Markup]:
    for net, comparison in pairs:
        name = net_words(net)
        lines = [*comparison.notes, *map(str, comparison.differences)]
        if not lines:
            yield element("p", f"{name}: same as {what}.")
            continue
        items = [element("li", line) for line in lines[:_MAX_DIFFERENCES]]
        yield element("p", f"{name}: {len(lines):,} differences from {what}.")
        yield element("ul", *items)
