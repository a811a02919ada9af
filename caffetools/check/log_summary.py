"""A log for people: its nets, where its curves end, what happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from caffetools.check.log_data import net_name
from caffetools.check.parsed_log import ParsedLog
from caffetools.log.age import Age
from caffetools.log.curve import Curve
from caffetools.log.net import LoggedNet
from caffetools.table import beginning, printable

_SHOWN_EVENTS = 20


def summary(log: ParsedLog) -> Iterator[str]:
    """The lines of the summary."""
    contents = log.contents
    yield f"log      {printable(contents.name)}: {contents.lines:,} lines"
    yield f"caffe    {printable(age_words(contents.caffe))}"
    for net, comparison in zip(contents.nets, log.comparisons, strict=True):
        yield f"net      {net_words(net)}"
        if comparison.memory_rule:
            yield f"         memory counts {comparison.memory_rule}"
        told = [*comparison.notes, *map(str, comparison.differences)]
        yield from (f"         {printable(line)}" for line in told)
    yield from curve_lines("train", contents.train)
    for number, curve in contents.tests.items():
        yield from curve_lines(f"test {number}", curve)
    if len(contents.timings):
        yield f"timings  {len(contents.timings):,} passes"
    for event in contents.events[:_SHOWN_EVENTS]:
        yield f"event    line {event.line}: {event.kind}: {printable(event.message)[:120]}"
    if len(contents.events) > _SHOWN_EVENTS:
        yield f"         and {sum(contents.event_counts.values()) - _SHOWN_EVENTS:,} events more"


def age_words(age: Age) -> str:
    """Which Caffe wrote the log, in words."""
    if age.first:
        until = f"until {age.last}" if age.last else "until today"
        changed = f"; {age.fork}" if age.fork else ""
        return f"BVLC master from {age.first} {until} ({age.release}){changed}"
    return f"a fork: {age.fork}" if age.fork else "not told"


def net_words(net: LoggedNet) -> str:
    """A net in one line."""
    tops = sum(len(layer.tops) for layer in net.layers)
    memory = "memory not told" if net.memory_bytes is None else f"{net.memory_bytes:,} bytes"
    words = [net_name(net) or "unnamed", net.phase or "phase not told"]
    told = f"line {net.line}, {len(net.layers)} layers, {tops} tops, {memory}"
    return f"{printable(' '.join(words))}: {told}"


def curve_lines(title: str, curve: Curve) -> Iterator[str]:
    """How many rows a curve has and what its last one tells."""
    last = curve.last()
    if last is None:
        return
    values = [("loss", [last.loss]), ("lr", [last.lr]), *last.outputs.items()]
    told = [f"{name} = {_numbers(numbers)}" for name, numbers in values if numbers != [None]]
    start = f"{title:<8} {len(curve):,} rows, the last of iteration {last.iteration:,}: "
    yield printable(start + ", ".join(told))


def _numbers(values: Iterable[float | None]) -> str:
    return beginning(["?" if value is None else f"{value:g}" for value in values])
