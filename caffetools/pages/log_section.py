"""The part of a page about a log: curves, what happened, and where it differs from the net."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from caffetools.check.compare import Comparison
from caffetools.check.log_summary import net_words
from caffetools.check.parsed_log import ParsedLog
from caffetools.drawing.font_metrics import elided
from caffetools.drawing.style import LINES, STYLES
from caffetools.drawing.svg import svg
from caffetools.log.curve import Curve
from caffetools.log.net import LoggedNet
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
from caffetools.pages.markup import Markup, element, joined
from caffetools.pages.net_sections import section
from caffetools.table import printable, shown

_MOST_MARKS = 200
_MOST_EVENTS = 500
_MOST_DIFFERENCES = 200


class CheckedLog(NamedTuple):
    """A log, and how its nets differ from the page's."""

    log: ParsedLog
    checked: tuple[tuple[LoggedNet, Comparison], ...] = ()


def log_section(found: CheckedLog, index: int) -> Markup:
    """A log's part of a page; `index` tells several apart."""
    contents = found.log.contents
    age = contents.caffe
    told = [f"{contents.name}: {shown(contents.lines)} lines"]
    if age.release:
        told.append(f"written by Caffe {age.release}")
    parts = [element("p", ", ".join(told))]
    parts.append(element("div", *_charts(found.log, index), class_="charts"))
    parts.append(_events(found.log))
    parts.append(_differences(found))
    return section(f"log-{index}", f"Log {index + 1}", *parts)


def charts(log: ParsedLog) -> list[tuple[str, list[ChartLine]]]:
    """What there is to draw of a log: losses, other outputs of the nets, the learning rate."""
    contents = log.contents
    curves = [("train", contents.train)]
    curves += [(f"test {net}", curve) for net, curve in sorted(contents.tests.items())]
    losses = [ChartLine(f"{name} loss in all", _points(c, c.losses())) for name, c in curves]
    for name, curve in curves:
        parts = list(_outputs(name, curve, losses=True))
        losses += parts if name != "train" or len(parts) > 1 else []
    others = [series for name, curve in curves for series in _outputs(name, curve, losses=False)]
    rates = [ChartLine("learning rate", _points(contents.train, contents.train.lrs()))]
    found = [("Loss", losses), *_grouped(others), ("Learning rate", rates)]
    drawn = [(title, [s for s in series if s.points][: len(LINES)]) for title, series in found]
    return [(title, series) for title, series in drawn if series]


def _points(curve: Curve, values: Sequence[float]) -> tuple[tuple[float, float], ...]:
    return thinned(list(zip(curve.iterations(), values, strict=True)))


def _outputs(name: str, curve: Curve, *, losses: bool) -> Iterator[ChartLine]:
    """The numbers of a curve, those that are part of the loss or the others."""
    weights = curve.weights()
    for output, size in curve.sizes().items():
        if (output in weights) is not losses:
            continue
        short = elided(" ".join(printable(output).split()), 150, STYLES["legend"].size)
        for number in range(min(size, len(LINES))):
            at = f" [{number}]" if size > 1 else ""
            yield ChartLine(f"{name} {short}{at}", _points(curve, curve.output(output, number)))


def _grouped(series: list[ChartLine]) -> Iterator[tuple[str, list[ChartLine]]]:
    """The other outputs, as many in a chart as have colours of their own."""
    for start in range(0, min(len(series), 4 * len(LINES)), len(LINES)):
        yield "Outputs", series[start : start + len(LINES)]


def marks(log: ParsedLog) -> list[EventMark]:
    """What happened, by iteration."""
    found = [
        EventMark(
            event.iteration, f"{event.kind} at {event.iteration:,}: {printable(event.message)}"
        )
        for event in log.contents.events
        if event.iteration is not None and event.kind != "rate"
    ]
    return found[:_MOST_MARKS]


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
            aria_label=f"{title}: arrow keys read the lines from iteration to iteration",
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
        for event in events[:_MOST_EVENTS]
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
    """Where the log differs from the page's net, and from the nets that it echoes itself."""
    log = found.log
    echoes = zip(log.contents.nets, log.comparisons, strict=True)
    parts = [
        *_disagreements("this net", found.checked),
        *_disagreements("the net that it echoes", tuple(echoes)),
    ]
    return joined(element("h3", "Differences between log and net"), *parts)


def _disagreements(what: str, pairs: Sequence[tuple[LoggedNet, Comparison]]) -> Iterator[Markup]:
    for net, comparison in pairs:
        name = net_words(net)
        told = [*comparison.notes, *map(str, comparison.differences)]
        if not told:
            yield element("p", f"{name}: as {what}.")
            continue
        items = [element("li", line) for line in told[:_MOST_DIFFERENCES]]
        yield element("p", f"{name}: {len(told):,} differences from {what}.")
        yield element("ul", *items)
