"""Nets and logs as HTML, SVG, text and tables of pandas; loaded when one is first shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from caffetools.check.log_summary import summary
from caffetools.check.parsed_log import ParsedLog
from caffetools.drawing.graph_page import graph_scene
from caffetools.drawing.svg import svg
from caffetools.net.infer import Inferred
from caffetools.net.net import Net
from caffetools.net.summary import columns, footer, rows
from caffetools.pages.chart import chart
from caffetools.pages.curves import curve_charts, marks
from caffetools.pages.markup import Markup, element
from caffetools.table import text_table


def net_text(net: Net) -> str:
    """Return the table of a net, with its totals."""
    return "\n".join([*text_table(columns(net), list(rows(net))), "", *footer(net)])


def net_frame(net: Net) -> Any:
    """Return the table of a net as a pandas.DataFrame, a row for each top."""
    import pandas as pd

    heads = columns(net)
    cells = ([column.value(row) for column in heads] for row in rows(net))
    values = [[None if cell == "" else cell for cell in row] for row in cells]
    return pd.DataFrame(values, columns=[column.title for column in heads])


def log_text(log: ParsedLog) -> str:
    """Return the summary of a log, as `parse-log` prints it."""
    return "\n".join(summary(log))


def log_frame(log: ParsedLog) -> Any:
    """Return the training curve of a log as a pandas.DataFrame, a row for each iteration."""
    import pandas as pd

    return pd.DataFrame(log.train_records())


def net_svg(net: Net) -> str:
    """Return the graph of a net."""
    return svg(graph_scene(net), "caffetools-net")


def net_html(net: Net) -> str:
    """Return the graph of a net, and its table in an element to open."""
    return _cell(net_svg(net), _to_open("Layers", net_text(net)))


def inferred_svg(inferred: Inferred) -> str:
    """Return the graph of an inferred net."""
    return net_svg(Net(inferred, inferred.notes))


def inferred_html(inferred: Inferred) -> str:
    """Return the graph and table of an inferred net."""
    return net_html(Net(inferred, inferred.notes))


def log_svg(log: ParsedLog) -> str:
    """Return the first chart of a log: its losses, if it has any."""
    return next(_charts(log), svg(chart("Loss", []), "caffetools-log"))


def log_html(log: ParsedLog) -> str:
    """Return all charts of a log, and the summary by `parse-log` in an element to open."""
    return _cell(*_charts(log), _to_open("The log", log_text(log)))


def _charts(log: ParsedLog) -> Iterator[str]:
    happened = marks([log.contents])
    for index, found in enumerate(curve_charts([log.contents])[1]):
        drawn = chart(found.title, found.lines(), happened)
        yield svg(drawn, f"caffetools-log-{index}" if index else "caffetools-log")


def _cell(*parts: str) -> Markup:
    """Return the output of a cell; its pictures are at most as wide."""
    style = element("style", ".caffetools svg { max-width: 100%; height: auto }")
    return element("div", style, *map(Markup, parts), class_="caffetools")


def _to_open(title: str, text: str) -> Markup:
    return element("details", element("summary", title), element("pre", text))
