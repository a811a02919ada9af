"""The bytes of a log, wherever they lie, as clean text in chunks of whole lines.

Clean means: decoded, lines ending in LF alone, without terminal colours, no-break spaces, the
entities of a web page or the quotes of a notebook. What a line says is not known here.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import lzma
import os
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Any, cast

from caffetools.errors import CaffeToolsError, Location
from caffetools.log.echo_source import GZIP, XZ

CHUNK = 1 << 17
"""Bytes read at once: larger chunks fall out of the processor's cache."""

LONGEST_LINE = 1 << 20
"""Characters that are kept of a line; glog itself cuts a message at 30,000."""

_COLOUR = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])?")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": " ", "&#39;": "'", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))
_NOTEBOOK = re.compile(r'^[ \t]*"((?:[^"\\\n]|\\.)*?)(?:\\n)?",?$', re.MULTILINE)
"""A line of the text that a notebook's file (.ipynb) keeps: a string of JSON in a line."""
_ODD_SPACES = {0xA0: " ", 0x3000: " ", 0x2002: " ", 0x2003: " ", 0x200B: None, 0xFEFF: None}


class LogText:
    """A log that is read once, from its start.

    `source` is a path, `-` for standard input, or a binary file. Data that gzip or xz made is known
    by its first bytes. Raises CaffeToolsError for what cannot be read.
    """

    def __init__(self, source: str | os.PathLike[str] | IO[bytes]) -> None:
        self.name, self._file = _open(source)
        self.cut_short = False
        """Did the compressed data stop before its end?"""

    def chunks(self) -> Iterator[str]:
        """Clean text in pieces that end with a line; the last one may lack its line's end."""
        with self._file as file:
            yield from whole_lines(decoded(self._blocks(file)))

    def _blocks(self, file: io.BufferedReader) -> Iterator[bytes]:
        try:
            stream = _decompressed(file)
            while block := stream.read1(CHUNK):
                yield block
        except EOFError:
            self.cut_short = True
        except (gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
            raise CaffeToolsError(
                f"the compressed data is broken: {error}", Location(self.name)
            ) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise CaffeToolsError(f"cannot be read: {reason}", Location(self.name)) from None


def _open(source: str | os.PathLike[str] | IO[bytes]) -> tuple[str, io.BufferedReader]:
    if not isinstance(source, str | os.PathLike):
        return str(getattr(source, "name", "<log>")), _buffered(source)
    name = os.fspath(source)
    if name == "-":
        return "<stdin>", _buffered(sys.stdin.buffer)
    try:
        return name, open(name, "rb")
    except FileNotFoundError:
        raise CaffeToolsError("no such file", Location(name)) from None
    except IsADirectoryError:
        raise CaffeToolsError("this is a directory, not a file", Location(name)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CaffeToolsError(f"cannot be read: {reason}", Location(name)) from None


def _buffered(file: IO[bytes]) -> io.BufferedReader:
    return file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(Any, file))


def _decompressed(file: io.BufferedReader) -> io.BufferedIOBase:
    head = file.peek(6)
    if head.startswith(GZIP):
        return gzip.GzipFile(fileobj=file)
    if head.startswith(XZ):
        return lzma.LZMAFile(file)
    return file


def decoded(blocks: Iterable[bytes]) -> Iterator[str]:
    """Bytes as text: UTF-8, or UTF-16 as Windows' shell writes it; other bytes become U+FFFD."""
    decoder = None
    for block in blocks:
        if decoder is None:
            decoder = codecs.getincrementaldecoder(_encoding(block))(errors="replace")
        yield decoder.decode(block)
    if decoder is not None:
        yield decoder.decode(b"", final=True)


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.count(0, 0, 64) > 16:
        return "utf-16-le" if head[1] == 0 else "utf-16-be"
    return "utf-8"


def whole_lines(texts: Iterable[str]) -> Iterator[str]:
    """Clean text cut where lines end, whatever the pieces that it comes in.

    Of a line longer than LONGEST_LINE the start is kept.
    """
    rest = ""
    for text in texts:
        if end := text.rfind("\n") + 1:
            yield clean(rest + text[:end])
            rest = text[end:]
            continue
        rest += text
        # A CR at the end may be the first half of a CRLF.
        if end := rest.rfind("\r", 0, -1) + 1:
            yield clean(rest[:end])
            rest = rest[end:]
        elif len(rest) > LONGEST_LINE:
            rest = rest[:LONGEST_LINE]
    if rest:
        yield clean(rest)


def clean(text: str) -> str:
    """Whole lines without what a terminal or a web page added to them.

    A lone CR ends a line too: a progress bar's lines count, as in an editor.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\\" in text and '\\n"' in text:
        text = _NOTEBOOK.sub(_unquoted, text)
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        text = text.translate(_ODD_SPACES)
    if "&" in text and ";" in text:
        text = _ENTITY.sub(lambda entity: _ENTITIES[entity[0]], text)
    return text


def _unquoted(line: re.Match[str]) -> str:
    """What a string of JSON says; the line itself if it is none."""
    try:
        text = json.loads(f'"{line[1]}"', strict=False)
    except ValueError:
        return line[0]
    # JSON may hold halves of characters, which no file does.
    return str(text).encode("utf-8", "replace").decode()
