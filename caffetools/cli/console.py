"""Standard streams, and how errors and notes are printed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

import click

from caffetools.errors import CaffeToolsError, Note
from caffetools.table import Column, Row, printable, text_table

_LINE_LENGTH = 100
"""Number of characters printed of a source line."""

_ASCII = {"─": "-", "…": "..."}
"""Replacements for the marks of tables and help texts; other characters are escaped."""


def report_error(error: CaffeToolsError) -> None:
    """Print an error on standard error, then its source line and a caret, if it has one."""
    click.echo(printable(str(error)), err=True)
    if error.excerpt is not None and error.location is not None and error.location.column:
        for line in underlined(error.excerpt, error.location.column):
            click.echo(line, err=True)


def report_notes(notes: Iterable[Note]) -> None:
    """Print notes on standard error."""
    for note in notes:
        _clear_line()
        click.echo(printable(f"{note.location}: note: {note.message}"), err=True)


def underlined(line: str, column: int) -> tuple[str, str]:
    """Return the part of a source line around a 1-based column, and a caret under it."""
    start = max(0, column - 1 - _LINE_LENGTH // 2) if len(line) > _LINE_LENGTH else 0
    before = printable(line[start : column - 1].replace("\t", " "))
    after = printable(line[column - 1 : start + _LINE_LENGTH].replace("\t", " "))
    return f"  {before}{after}".rstrip(), f"  {' ' * len(before)}^"


def terminal_width() -> int | None:
    """Return the width of the terminal; None if standard output is no terminal."""
    if not sys.stdout.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def wrapped(lines: Iterable[str], indent: int = 4) -> Iterator[str]:
    """Yield lines, those that are longer than a terminal is wide in several."""
    width = terminal_width()
    for line in lines:
        if width is None or len(line) <= width:
            yield line
        else:
            import textwrap

            wrapper = textwrap.TextWrapper(max(width, 20), subsequent_indent=" " * indent)
            wrapper.break_on_hyphens = False
            yield from wrapper.wrap(line)


def table_lines(columns: Sequence[Column[Row]], rows: Sequence[Row]) -> list[str]:
    """Return the lines of a table, as wide as the terminal at most; its heads are bold."""
    return text_table(columns, rows, terminal_width(), _styled)


def _styled(role: str, text: str) -> str:
    """Colour a cell; click leaves the colour out unless the output is a terminal."""
    if role == "unknown":
        return click.style(text, fg="yellow")
    return click.style(text, bold=True) if role and text else text


_LARGE = 64 << 20
"""Bytes of a file from which reading it shows progress."""


def progress(path: str) -> Callable[[int], None] | None:
    """Return what shows on a terminal how far a large file has been read; None if it is not."""
    size = os.path.getsize(path) if os.path.isfile(path) else 0
    if size < _LARGE or not sys.stderr.isatty():
        return None

    def tell(position: int) -> None:
        end = "\r\x1b[K" if position >= size else ""
        click.echo(f"\rreading: {position / size:4.0%}{end}", err=True, nl=False)

    return tell


def counter(what: str) -> Callable[[int], None] | None:
    """Return what shows on a terminal how much is done; None if standard error is none."""
    if not sys.stderr.isatty():
        return None
    return lambda count: click.echo(f"\r{count:,} {what}\r", err=True, nl=False)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal what is being done, until it is done or notes are printed."""
    if sys.stderr.isatty():
        click.echo(f"{what} …", err=True, nl=False)
    try:
        yield
    finally:
        _clear_line()


def _clear_line() -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)


def prepare_streams() -> None:
    """Open an empty stream for each that is closed, and let standard output print everything."""
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BytesIO())
    if sys.stdout is None:
        abandon_output()
    escape_unencodable(sys.stdout)


def abandon_output() -> None:
    """Drop buffered output that cannot be written; Python would try again at exit."""
    sys.stdout = io.TextIOWrapper(io.BytesIO())


def escape_unencodable(stream: TextIO) -> None:
    """Escape what the encoding of a stream lacks; a stream with an error handler is unchanged."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        import codecs

        codecs.register_error("caffetools", _escape)
        stream.reconfigure(errors="caffetools")


def _escape(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end]
    return "".join(_ASCII.get(c, ascii(c)[1:-1]) for c in text), error.end
