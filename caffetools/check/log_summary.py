"""A log as text: its nets, the last row of each curve, and its events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from caffetools.check.compare import Comparison
from caffetools.check.log_json import net_name
from caffetools.check.parsed_log import ParsedLog
from caffetools.log.age import Age
from caffetools.log.curve import Curve
from caffetools.log.logged_net import LoggedNet
from caffetools.table import beginning, printable

_SHOWN_EVENTS = 20


def summary(log: ParsedLog) -> Iterator[str]:
    """Yield the lines of the summary."""
    contents = log.contents
    yield f"log      {printable(contents.name)}: {contents.lines:,} lines"
    yield f"caffe    {printable(age_words(contents.caffe))}"
    for net, comparison in zip(contents.nets, log.comparisons, strict=True):
        yield f"net      {net_words(net)}"
        yield from (f"         {line}" for line in comparison_words(comparison))
    yield from curve_lines("train", contents.train)
    for number, curve in contents.tests.items():
        yield from curve_lines(f"test {number}", curve)
    if len(contents.timings):
        yield f"timings  {len(contents.timings):,} passes"
    events = contents.events[:_SHOWN_EVENTS]
    for event in events:
        times = f" ({event.times:,} times)" if event.times > 1 else ""
        yield f"event    line {event.line}: {event.kind}{times}: {printable(event.message)[:120]}"
    others = sum(contents.event_counts.values()) - sum(event.times for event in events)
    if others:
        yield f"         and {others:,} events more"


def age_words(age: Age) -> str:
    """Return the version of Caffe that wrote the log, in words."""
    if age.first:
        until = f"until {age.last}" if age.last else "until today"
        changed = f"; {age.fork}" if age.fork else ""
        return f"BVLC master from {age.first} {until} ({age.release}){changed}"
    return f"a fork: {age.fork}" if age.fork else "unknown version"


def net_words(net: LoggedNet) -> str:
    """Return a net in one line."""
    tops = sum(len(layer.tops) for layer in net.layers)
    memory = "memory unknown" if net.memory_bytes is None else f"{net.memory_bytes:,} bytes"
    title = f"{net_name(net) or 'unnamed'} {net.phase or 'phase unknown'}"
    return f"{printable(title)}: line {net.line}, {len(net.layers)} layers, {tops} tops, {memory}"


def comparison_words(comparison: Comparison) -> Iterator[str]:
    """Yield how a net compares with its prototxt: memory rule, notes, differences."""
    if comparison.memory_rule:
        yield f"memory counts {comparison.memory_rule}"
    yield from map(printable, (*comparison.notes, *map(str, comparison.differences)))


def curve_lines(title: str, curve: Curve) -> Iterator[str]:
    """Yield the number of rows of a curve and its last row; nothing for an empty curve."""
    last = curve.last()
    if last is None:
        return
    values = [("loss", [last.loss]), ("lr", [last.lr]), *last.outputs.items()]
    known = [f"{name} = {_numbers(numbers)}" for name, numbers in values if numbers != [None]]
    start = f"{title:<8} {len(curve):,} rows, the last of iteration {last.iteration:,}: "
    yield printable(start + ", ".join(known))


def _numbers(values: Sequence[float | None]) -> str:
    return beginning(["?" if value is None else f"{value:g}" for value in values])
