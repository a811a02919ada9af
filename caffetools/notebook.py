"""How nets and logs show themselves in a notebook.

Loaded by name when a notebook asks: no other use of a net or a log draws anything.
"""

from __future__ import annotations

from caffetools.check.log_summary import summary
from caffetools.check.parsed_log import ParsedLog
from caffetools.drawing.graph_page import graph_scene
from caffetools.drawing.svg import svg
from caffetools.net.infer import Inferred
from caffetools.net.net import Net
from caffetools.net.summary import columns, footer, rows
from caffetools.pages.chart import chart
from caffetools.pages.log_section import charts, marks
from caffetools.pages.markup import Markup, element
from caffetools.table import text_table


def net_svg(net: Net) -> str:
    """The picture of a net's graph."""
    return svg(graph_scene(net), "caffetools-net")


def net_html(net: Net) -> str:
    """The picture of a net's graph, and its table to be opened."""
    lines = [*text_table(columns(net.cost), list(rows(net))), "", *footer(net)]
    return element("div", Markup(net_svg(net)), _to_open("Layers", lines))


def inferred_svg(inferred: Inferred) -> str:
    """The same of what inference gives."""
    return net_svg(Net(inferred, inferred.notes))


def inferred_html(inferred: Inferred) -> str:
    """The same of what inference gives."""
    return net_html(Net(inferred, inferred.notes))


def log_svg(log: ParsedLog) -> str:
    """The curves of a log's losses; of a log without any, the first that it has."""
    title, series = next(iter(charts(log)), ("Loss", []))
    return svg(chart(title, series, marks(log)), "caffetools-log")


def log_html(log: ParsedLog) -> str:
    """All curves of a log, and what `caffetools parse-log` tells of it, to be opened."""
    happened = marks(log)
    drawn = [
        Markup(svg(chart(title, series, happened), f"caffetools-log-{index}"))
        for index, (title, series) in enumerate(charts(log))
    ]
    return element("div", *drawn, _to_open("The log", list(summary(log))))


def _to_open(title: str, lines: list[str]) -> Markup:
    return element("details", element("summary", title), element("pre", "\n".join(lines)))
