"""`caffetools parse-log --follow`: progress of a growing log, on one screen or as lines."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from itertools import islice

import click

from caffetools.log.events import Event
from caffetools.log.follow import Live, Outputs, follow
from caffetools.proto.source import shown_name
from caffetools.table import beginning, printable

_BAR = 40
"""Characters of the progress bar."""


_COLOURED = re.compile(r"event +(fatal|error|warning)\b|( +\[#*\.*)")


def follow_log(path: str) -> None:
    """Show the progress of a log until its run or the pipe of `-` ends, or the user interrupts."""
    tell = _draw if sys.stdout.isatty() else Lines().tell
    try:
        for live in follow(path, sleep=time.sleep, clock=time.monotonic):
            tell(path, live)
    except KeyboardInterrupt:
        pass


def _draw(path: str, live: Live) -> None:
    width, height = shutil.get_terminal_size()
    click.clear()
    lines = screen(shown_name(os.path.basename(path)), live, min(_BAR, max(width - 12, 1)))
    for text in islice(lines, max(height - 1, 1)):
        click.echo(_coloured(text if len(text) < width else f"{text[: width - 2]}…"))


def _coloured(line: str) -> str:
    """Colour what went wrong, and the progress."""
    found = _COLOURED.match(line)
    colour = {"fatal": "red", "error": "red", "warning": "yellow"}.get(found[1]) if found else None
    return click.style(line, fg=colour or "green") if found else line


def screen(name: str, live: Live, bar: int = _BAR) -> Iterator[str]:
    """The lines of one screen, with a progress bar of so many characters."""
    yield printable(f"{name}: {_progress(live)}")
    if live.iteration is not None and live.max_iter:
        done = round(bar * min(live.iteration / live.max_iter, 1))
        yield f"{'':<8} [{'#' * done}{'.' * (bar - done)}]"
    for title, value in (("loss", live.loss), ("lr", live.lr), ("speed", _speed(live))):
        if value:
            yield printable(f"{title:<8} {value}")
    if live.train.values:
        yield printable(f"{'train':<8} {_outputs(live.train)}")
    for net, test in live.tests.items():
        yield printable(f"{f'test {net}':<8} {_test(test)}")
    for event in live.events:
        yield printable(f"{'event':<8} {_event(event)}")


class Lines:
    """Prints one line per new state, and one per event."""

    def __init__(self) -> None:
        self._events = 0
        self._last_line = ""

    def tell(self, _path: str, live: Live) -> None:
        """Print what is new."""
        new = min(live.event_count - self._events, len(live.events))
        self._events = live.event_count
        for event in islice(live.events, len(live.events) - new, None):
            click.echo(printable(f"event {_event(event)}"))
        text = ", ".join(filter(None, _parts(live)))
        if text != self._last_line:
            self._last_line = text
            click.echo(printable(text))


def _parts(live: Live) -> Iterator[str]:
    if live.iteration is not None:
        yield f"iteration {_progress(live)}"
        yield live.loss and f"loss = {live.loss}"
        yield live.lr and f"lr = {live.lr}"
        yield f"train: {_outputs(live.train)}" if live.train.values else ""
        yield _speed(live)
    for net, test in live.tests.items():
        yield f"test {net} at {_test(test)}"


def _progress(live: Live) -> str:
    if live.iteration is None:
        return "no iteration yet"
    if not live.max_iter:
        return f"{live.iteration:,}"
    return f"{live.iteration:,} of {live.max_iter:,} ({live.iteration / live.max_iter:.1%})"


def _speed(live: Live) -> str:
    if live.speed is None:
        return ""
    left = live.seconds_left
    forecast = "" if left is None else f", {_duration(round(left))} left"
    return f"{live.speed:.4g} iterations a second{forecast}"


def _duration(seconds: int) -> str:
    """`26:03:04`: hours, minutes, seconds."""
    return f"{seconds // 3600:,}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _test(test: Outputs) -> str:
    at = "an unknown iteration" if test.iteration is None else f"{test.iteration:,}"
    return f"{at}: {_outputs(test) or 'under way'}"


def _outputs(outputs: Outputs) -> str:
    return ", ".join(f"{name} = {beginning(values)}" for name, values in outputs.values.items())


def _event(event: Event) -> str:
    at = "" if event.iteration is None else f" at {event.iteration:,}"
    return f"{event.kind}{at}: {event.message[:120]}"
