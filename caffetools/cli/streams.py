"""Standard output that takes every character, also one that its encoding lacks."""

from __future__ import annotations

import codecs
import io
from typing import TextIO

_PLAIN = {"─": "-", "…": "..."}
"""What stands for the marks of our own tables and help; all else is escaped."""


def take_all(stream: TextIO) -> None:
    """Write in ASCII what the stream would refuse; one that refuses nothing stays as it is."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        codecs.register_error("caffetools", _plain)
        stream.reconfigure(errors="caffetools")


def _plain(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    refused = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c, ascii(c)[1:-1]) for c in refused), error.end
