"""The section of a page about the curves of its logs: charts over one axis, with their tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from caffetools.drawing.svg import svg
from caffetools.pages.chart import EventMark, chart, event_key
from caffetools.pages.curves import CurveChart
from caffetools.pages.markup import Markup, cut, element, section, void


def curve_section(
    runs: Sequence[str], charts: Sequence[CurveChart], happened: Sequence[EventMark]
) -> Markup:
    """Return the section of the curves: tools of all charts, the charts, a key of the events.

    Without the script, the charts show the lines that are shown at first.
    """
    drawn = [_figure(one, index, happened) for index, one in enumerate(charts)]
    hint = (
        "Drag over a chart: zoom on a span of iterations. Shift with dragging: move. "
        "Ctrl with the wheel: zoom. "
        "With a chart in focus, arrow keys: values at each iteration. Plus and minus: zoom. "
        "Shift with arrow keys: move. 0: whole span."
    )
    return section(
        "curves",
        "Curves",
        _tools(runs),
        element("div", *drawn, class_="charts"),
        _list("Events", _event_key(happened)),
        element("p", hint, id="curve-keys", class_="hint"),
    )


def _tools(runs: Sequence[str]) -> Markup:
    slider = void("input", type="range", min=0, max=99, value=0, id="smoothing")
    tools = [
        element("label", "Smoothing ", slider),
        element("button", "Whole span", type="button", id="whole-span", disabled=True),
        element("a", "Link to this view", href="#curves", id="view-link"),
    ]
    if len(runs) > 1:
        tools += [
            element("button", cut(name), type="button", data_run=run, aria_pressed="true")
            for run, name in enumerate(runs)
        ]
    return element("div", *tools, class_="tools", role="group", aria_label="Tools of all charts")


def _figure(drawn: CurveChart, index: int, happened: Sequence[EventMark]) -> Markup:
    title = drawn.title
    scene = chart(title, drawn.lines(shown=True), happened, legend=False)
    hidden = sum(not curve.is_shown for curve in drawn.curves)
    tools = [_switch("log", "Log scale", False), _switch("far", "Ignore outliers", True)]
    if hidden:
        tools.append(_switch("all", f"Show all {len(drawn.curves):,} lines", False))
    status = element("span", class_="hint", role="status")
    named = f"Tools of the chart {title}"
    return element(
        "figure",
        element("figcaption", title),
        element("div", *tools, status, class_="tools", role="group", aria_label=named),
        element(
            "div",
            Markup(svg(scene, f"chart-{index}", own_style=False)),
            class_="plot",
            tabindex=0,
            role="application",
            aria_label=f"Chart of {title}",
            aria_describedby="curve-keys",
        ),
        element("output", class_="values", hidden=True),
        _list("Lines", _lines(drawn), "chart-lines"),
        class_="chart",
    )


def _switch(name: str, words: str, is_on: bool) -> Markup:
    pressed = str(is_on).lower()
    return element("button", words, type="button", data_chart=name, aria_pressed=pressed)


def _lines(drawn: CurveChart) -> Iterator[Markup]:
    """Yield a button for each line; lines that are hidden at first are listed, too."""
    for index, curve in enumerate(drawn.curves):
        yield element(
            "button",
            sample(f"line-{curve.line.colour}", "M0 5H22"),
            cut(curve.line.name),
            type="button",
            data_line=index,
            data_dash=curve.line.dash,
            aria_pressed=str(curve.is_shown).lower(),
        )


def _event_key(happened: Sequence[EventMark]) -> Iterator[Markup]:
    for title, style in event_key(happened):
        yield Markup(sample(style, "M11 9V1") + title)


def _list(title: str, entries: Iterator[Markup], style: str = "chart-events") -> Markup:
    items = [element("li", entry) for entry in entries]
    if not items:
        return Markup("")
    return element("ul", *items, class_=f"legend-list {style}", aria_label=title)


def sample(style: str, path: str) -> Markup:
    """Return a small picture of a line or an area for a legend."""
    drawn = element("path", class_=style, d=path)
    return element("svg", drawn, width=22, height=10, class_="sample", aria_hidden="true")
