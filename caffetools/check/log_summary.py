"""A log as text: its nets, the last row of each curve, and its events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from caffetools.check.compare import Comparison
from caffetools.check.findings import Best, Findings, find
from caffetools.check.log_json import net_name
from caffetools.check.parsed_log import ParsedLog
from caffetools.log.age import Age
from caffetools.log.curve import Curve
from caffetools.log.logged_net import LoggedNet
from caffetools.log.scores import Score
from caffetools.table import beginning, printable

_SHOWN_EVENTS = 20
_SHOWN_BEST = 6


def summary(log: ParsedLog) -> Iterator[str]:
    """Yield the lines of the summary."""
    contents = log.contents
    yield f"log      {printable(contents.name)}: {contents.lines:,} lines"
    yield f"caffe    {printable(age_words(contents.caffe))}"
    for net, comparison in zip(contents.nets, log.comparisons, strict=True):
        yield f"net      {net_words(net)}"
        yield from (f"         {line}" for line in comparison_words(comparison))
    found = find(contents)
    yield from curve_lines("train", contents.train)
    yield from best_lines(best for best in found.best if best.net is None)
    for number, curve in contents.tests.items():
        yield from curve_lines(f"test {number}", curve)
        yield from best_lines(best for best in found.best if best.net == number)
    yield from (f"run      {printable(text)}" for text in run_words(found))
    yield from map(score_line, contents.scores)
    if len(contents.timings):
        yield f"timings  {len(contents.timings):,} passes"
    # Of snapshots only the last is shown, without its solver state on the line after.
    snapshots = [event for event in contents.events if event.kind == "snapshot"]
    models = [event for event in snapshots if "solver state" not in event.message]
    events = [event for event in contents.events if event.kind != "snapshot"][:_SHOWN_EVENTS]
    for event in sorted((*events, *models[-1:])):
        times = len(models) if event.kind == "snapshot" else event.times
        words = f"{event.kind} ({times:,} times)" if times > 1 else event.kind
        yield f"event    line {event.line}: {words}: {printable(event.message)[:120]}"
    shown = sum(event.times for event in events) + contents.event_counts.get("snapshot", 0)
    others = sum(contents.event_counts.values()) - shown
    if others:
        yield f"         and {others:,} events more"


def age_words(age: Age) -> str:
    """Return the version of Caffe that wrote the log, in words."""
    plural = "" if age.differing == 1 else "s"
    changed = f"; differs in {age.differing} message{plural}" if age.differing else ""
    if age.first:
        until = f"until {age.last}" if age.last else "until today"
        return f"BVLC master from {age.first} {until} ({age.release}){changed}"
    if not age.fork:
        return "unknown version"
    months = [f"{day:%Y-%m}" for day in age.nearest or () if day]
    near = f" near master of {' to '.join(dict.fromkeys(months))}" if months else ""
    return (f"{age.release}, a fork" if age.release else "a fork") + near + changed


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


def best_lines(found: Iterable[Best]) -> Iterator[str]:
    """Yield the best values of a curve; nothing for a curve without losses and accuracies."""
    words = [
        f"{best.output or 'total loss'} = {best.value:g} at {best.iteration:,}" for best in found
    ]
    if words:
        more = f", … ({len(words)} in all)" if len(words) > _SHOWN_BEST else ""
        yield printable(f"         best: {', '.join(words[:_SHOWN_BEST])}{more}")


def run_words(found: Findings) -> Iterator[str]:
    """Yield whether the run diverged or stalled, and how it ended."""
    if found.diverged is not None:
        yield f"diverged: the training loss is NaN, infinite or saturated since {found.diverged:,}"
    if found.stalled is not None:
        yield f"stalled: the training loss is no lower since {found.stalled:,}"
    if found.end:
        yield found.end[:160]


def score_line(score: Score) -> str:
    """Return the means of a run of `caffe test` in one line, as printed."""
    values: dict[str, list[str]] = {"loss": [score.loss]} if score.loss else {}
    for output, value in zip(score.outputs, score.values, strict=True):
        values.setdefault(output.name, []).append(value)
    known = ", ".join(f"{name} = {beginning(texts)}" for name, texts in values.items())
    return printable(f"score    line {score.line}: {known}")


def _numbers(values: Sequence[float | None]) -> str:
    return beginning(["?" if value is None else f"{value:g}" for value in values])
