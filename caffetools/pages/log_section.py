"""The section of a page about a log: charts, events, differences from the net."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from caffetools.check.compare import Comparison
from caffetools.check.log_summary import net_words
from caffetools.check.parsed_log import ParsedLog
from caffetools.drawing.style import EVENTS, LINES
from caffetools.drawing.svg import svg
from caffetools.figures.looks import line_words
from caffetools.figures.panels import Line, Selection, grouped_lines, happened
from caffetools.log.logged_net import LoggedNet
from caffetools.pages.chart import (
    AREA,
    MAX_POINTS,
    ChartLine,
    EventMark,
    axis,
    chart,
    event_key,
    thinned,
)
from caffetools.pages.markup import Markup, cut, element, joined, section, void
from caffetools.table import printable, shown

_MAX_CHART_POINTS = 40_000
"""Number of points of a chart from which its lines have fewer points each."""
_MIN_POINTS = 50
_MAX_EVENTS = 500
_MAX_DIFFERENCES = 200


class CheckedLog(NamedTuple):
    """A log, and the comparisons of its nets with the net of the page."""

    log: ParsedLog
    checked: tuple[tuple[LoggedNet, Comparison], ...] = ()


def log_section(found: CheckedLog, index: int) -> Markup:
    """Return the section of a log; `index` makes its ids unique."""
    log, contents = found.log, found.log.contents
    release = f", written by Caffe {contents.caffe.release}" if contents.caffe.release else ""
    head = element("p", f"{contents.name}: {shown(contents.lines)} lines{release}")
    drawn = element("div", *_charts(log, index), class_="charts")
    parts = (head, drawn, _events(log), _differences(found))
    return section(f"log-{index}", f"Log {index + 1}", *parts)


def charts(log: ParsedLog) -> list[tuple[str, list[ChartLine]]]:
    """Return the titles and lines of a log's charts, grouped as by `caffetools plot`.

    The elements of vectors come after all other lines, by their numbers.
    """
    found: list[tuple[str, list[ChartLine]]] = []
    for panel in grouped_lines([log.contents], [], Selection()):
        several = len({line.run for line in panel.lines}) > 1
        most = min(max(_MAX_CHART_POINTS // len(panel.lines), _MIN_POINTS), MAX_POINTS)
        lines = [
            ChartLine(
                _line_name(line, several),
                thinned(list(zip(line.x, line.series.values, strict=True)), most),
            )
            for line in sorted(panel.lines, key=lambda line: line.series.key.element or 0)
        ]
        found.append((panel.title[:1].upper() + panel.title[1:], lines))
    return found


def _line_name(line: Line, several: bool) -> str:
    """Return the name of a line, with its run if there are several."""
    is_rate = line.series.key.kind == "rate"
    name = "learning rate" if is_rate else printable(line_words(line, is_whole=False))
    return f"{line.run_name}: {name}" if several else name


def marks(log: ParsedLog) -> list[EventMark]:
    """Return the events of a log that have an iteration."""
    return [
        EventMark(
            event.iteration,
            f"{event.kind} at {event.iteration:,}: {printable(event.message)}",
            event.kind if event.kind in EVENTS else "error",
        )
        for event in happened(log.contents)
        if event.iteration is not None and event.kind != "rate"
    ]


def _charts(log: ParsedLog, index: int) -> Iterator[Markup]:
    happened = marks(log)
    for number, (title, series) in enumerate(charts(log)):
        scene = chart(title, series, happened, legend=False)
        drawing = svg(scene, f"chart-{index}-{number}", own_style=False)
        x = axis([point[0] for line in series for point in line.points])
        data = {
            "series": [line._asdict() for line in series],
            "first": len(LINES),
            "low": x.low,
            "high": x.high,
            **AREA,
        }
        yield element(
            "figure",
            element("figcaption", title),
            _chart_tools(title, len(series)),
            Markup(drawing),
            element("output"),
            _chart_legend(series),
            _event_list(event_key(happened, x)),
            class_="chart",
            tabindex=0,
            data_series=json.dumps(data, separators=(",", ":")),
            aria_label=f"{title}: arrow keys show the values at each iteration",
        )


def _chart_tools(title: str, lines: int) -> Markup:
    """Return the controls of a chart; a learning rate is exact and is not smoothed.

    With more lines than colours, the script hides the others at first.
    """
    slider = void("input", type="range", min=0, max=99, value=0, data_chart="smoothing")
    smoothing = [element("label", "Smoothing ", slider)] if title != "Learning rate" else []
    tools = [
        *smoothing,
        element("button", "Log scale", type="button", data_chart="log", aria_pressed="false"),
    ]
    if lines > len(LINES):
        words = f"Show all {lines:,} lines"
        tools.append(
            element("button", words, type="button", data_chart="all", aria_pressed="false")
        )
    count = element("span", data_chart="count", class_="hint", role="status")
    return element(
        "div", *tools, count, class_="tools", role="group", aria_label=f"Tools of the chart {title}"
    )


def _chart_legend(series: Sequence[ChartLine]) -> Markup:
    entries = (
        element(
            "li",
            element(
                "button",
                _sample(f"line-{index % len(LINES)}", "M0 5H22"),
                cut(line.name),
                type="button",
                data_line=index,
                data_dash=index // len(LINES) % 3,
                aria_pressed="true",
            ),
        )
        for index, line in enumerate(series)
    )
    return element("ul", *entries, class_="legend-list chart-lines", aria_label="Lines")


def _event_list(key: Sequence[tuple[str, str]]) -> Markup:
    if not key:
        return Markup("")
    entries = (element("li", _sample(style, "M11 1V9"), title) for title, style in key)
    return element("ul", *entries, class_="legend-list chart-events", aria_label="Events")


def _sample(style: str, path: str) -> Markup:
    drawn = element("path", class_=style, d=path)
    return element("svg", drawn, width=22, height=10, class_="sample", aria_hidden="true")


def _events(log: ParsedLog) -> Markup:
    events = log.contents.events
    rows = [
        element(
            "tr",
            element("td", f"{event.line:,}", class_="numeric"),
            element("td", shown(event.iteration), class_="numeric"),
            element("td", event.kind),
            element("td", event.message, f" ({event.times:,} times)" * (event.times > 1)),
        )
        for event in events[:_MAX_EVENTS]
    ]
    if not rows:
        return joined(element("h3", "Events"), element("p", "None."))
    heads = [element("th", name, scope="col") for name in ("line", "iteration", "kind", "message")]
    table = element("table", element("thead", element("tr", *heads)), element("tbody", *rows))
    counts = ", ".join(f"{count:,} {kind}" for kind, count in log.contents.event_counts.items())
    total = sum(log.contents.event_counts.values())
    if total > sum(event.times for event in events[:_MAX_EVENTS]):
        counts += f"; the first {len(rows):,} of {total:,} are listed"
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
        if len(lines) > _MAX_DIFFERENCES:
            items.append(element("li", f"and {len(lines) - _MAX_DIFFERENCES:,} more"))
        yield element("p", f"{name}: {len(lines):,} differences from {what}.")
        yield element("ul", *items)
