"""Standard input and output as commands may rely on them: there, and taking every character."""

from __future__ import annotations

import codecs
import io
import sys
from typing import TextIO

_PLAIN = {"─": "-", "…": "..."}
"""What stands for the marks of our own tables and help; all else is escaped."""


def prepare() -> None:
    """Put an empty stream where the program was started without one, and print all there is."""
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BytesIO())
    if sys.stdout is None:
        abandon_output()
    take_all(sys.stdout)


def abandon_output() -> None:
    """Drop what could not be written, which Python would try again at its end."""
    sys.stdout = io.TextIOWrapper(io.BytesIO())


def take_all(stream: TextIO) -> None:
    """Write in ASCII what the stream would refuse; one that refuses nothing stays as it is."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        codecs.register_error("caffetools", _plain)
        stream.reconfigure(errors="caffetools")


def _plain(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    refused = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c, ascii(c)[1:-1]) for c in refused), error.end
