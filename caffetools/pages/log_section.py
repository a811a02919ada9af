"""The section of a page about a log: events, differences from the net."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from caffetools.check.compare import Comparison
from caffetools.check.log_summary import net_words
from caffetools.check.parsed_log import ParsedLog
from caffetools.log.logged_net import LoggedNet
from caffetools.pages.markup import Markup, element, folded, joined, section
from caffetools.pages.paths import shortened
from caffetools.table import shown

_MAX_EVENTS = 500
_MAX_DIFFERENCES = 200
_LONG = 12
"""Number of events or differences that are not collapsed."""


class CheckedLog(NamedTuple):
    """A log, and the comparisons of its nets with the net of the page."""

    log: ParsedLog
    checked: tuple[tuple[LoggedNet, Comparison], ...] = ()


def log_section(found: CheckedLog, index: int, names: Mapping[str, str]) -> Markup:
    """Return the section of a log; `index` makes its ids unique, `names` shortens paths."""
    log, contents = found.log, found.log.contents
    release = f", written by Caffe {contents.caffe.release}" if contents.caffe.release else ""
    name = element("span", names.get(contents.name, contents.name), title=contents.name)
    head = element("p", name, f": {shown(contents.lines)} lines{release}")
    parts = (head, _events(log), _differences(found, names))
    return section(f"log-{index}", f"Log {index + 1}", *parts)


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
        folded(counts, element("div", table, class_="events"), is_open=len(rows) <= _LONG),
    )


def _differences(found: CheckedLog, names: Mapping[str, str]) -> Markup:
    """Return the differences of the log from the page's net, and from the nets that it prints."""
    log = found.log
    echoes = zip(log.contents.nets, log.comparisons, strict=True)
    parts = [
        *_disagreements("this net", found.checked, names),
        *_disagreements("the net in the log", tuple(echoes), names),
    ]
    return joined(element("h3", "Differences between log and net"), *parts) if parts else Markup("")


def _disagreements(
    what: str, pairs: Sequence[tuple[LoggedNet, Comparison]], names: Mapping[str, str]
) -> Iterator[Markup]:
    for net, comparison in pairs:
        name = net_words(net)
        lines = [*comparison.notes, *map(str, comparison.differences)]
        if not lines:
            yield element("p", f"{name}: same as {what}.")
            continue
        items = [element("li", shortened(line, names)) for line in lines[:_MAX_DIFFERENCES]]
        if len(lines) > _MAX_DIFFERENCES:
            items.append(element("li", f"and {len(lines) - _MAX_DIFFERENCES:,} more"))
        title = f"{name}: {len(lines):,} difference{'s' * (len(lines) > 1)} from {what}"
        yield folded(title, element("ul", *items), is_open=len(lines) <= _LONG)
