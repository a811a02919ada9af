"""How a mistake in the input is told: in one line, then the source line and a caret."""

from __future__ import annotations

import click

from caffetools.errors import CaffeToolsError, Note
from caffetools.table import printable

_SHOWN = 100
"""How many characters of a source line are shown at most."""


def report(error: CaffeToolsError) -> None:
    """Tell the error on standard error."""
    click.echo(printable(str(error)), err=True)
    if error.excerpt is not None and error.location is not None and error.location.column:
        for line in underlined(error.excerpt, error.location.column):
            click.echo(line, err=True)


def report_note(note: Note) -> None:
    """Tell a note on standard error."""
    click.echo(printable(f"{note.location}: note: {note.message}"), err=True)


def underlined(line: str, column: int) -> tuple[str, str]:
    """The part of a source line around a 1-based column, and a caret under it."""
    start = max(0, column - 1 - _SHOWN // 2) if len(line) > _SHOWN else 0
    before = printable(line[start : column - 1].replace("\t", " "))
    after = printable(line[column - 1 : start + _SHOWN].replace("\t", " "))
    return f"  {before}{after}".rstrip(), f"  {' ' * len(before)}^"
