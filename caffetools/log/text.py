"""The bytes of a log as clean text, in chunks of whole lines.

Clean text is decoded, its lines end in LF, and it has no terminal colours, no-break spaces, HTML
entities or notebook quotes. The messages are not interpreted here.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import IO, Any, cast

from caffetools.errors import CaffeToolsError, Location

CHUNK = 1 << 17
"""Bytes per read: larger chunks do not fit the processor's cache."""

LONGEST_LINE = 1 << 20
"""Maximum length of a line in characters; glog itself cuts a message at 30,000."""

GZIP, XZ = COMPRESSED = (b"\x1f\x8b", b"\xfd7zXZ")
"""First bytes of gzip and xz data."""

_SPACE = rb"(?: |\xc2\xa0)"
_PREFIX = re.compile(
    rb"^[ \t]*\"?[^#\"'\n]*?\b[IWEF](?:[0-9]{4}){1,2}"
    + _SPACE
    + rb"[0-9]{2}:[0-9]{2}:[0-9.]+"
    + _SPACE
    + rb"+\w+"
    + _SPACE
    + rb"[^ :\]\n]+:[0-9]+\]",
    re.MULTILINE,
)
"""glog's prefix outside the comments and strings of a prototxt, also copied from a web page, or as
a JSON string in a notebook file.
"""
_COLOUR = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])?"
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": " ", "&#39;": "'", "&amp;": "&"}
_NOTEBOOK = r'(?m)^[ \t]*"((?:[^"\\\n]|\\.)*?)(?:\\n)?",?$'
"""A line of output in a notebook file (.ipynb): one JSON string per line."""
_ODD_SPACES = {0xA0: " ", 0x3000: " ", 0x2002: " ", 0x2003: " ", 0x200B: None, 0xFEFF: None}


def is_log(head: bytes) -> bool:
    """Whether a file with these first bytes is a log; only logs may be compressed."""
    return head.startswith(COMPRESSED) or _PREFIX.search(head) is not None


class LogText:
    """The text of a log, read once from start to end.

    `source` is a path, `-` for standard input, or a binary file. gzip and xz data is recognized by
    its first bytes. Raises CaffeToolsError if it cannot be read.
    """

    def __init__(self, source: str | os.PathLike[str] | IO[bytes]) -> None:
        self.name, self._file = _open(source)
        self.cut_short = False
        """Whether the compressed data is truncated."""

    @property
    def position(self) -> int:
        """How many bytes of the file have been read."""
        return self._file.tell()

    def chunks(self) -> Iterator[str]:
        """Yield clean text in chunks of whole lines; the last line may lack its LF."""
        with self._file as file:
            yield from whole_lines(decoded(self._blocks(file)))

    def _blocks(self, file: io.BufferedReader) -> Iterator[bytes]:
        import zlib
        from lzma import LZMAError

        try:
            stream = _decompressed(file)
            while block := stream.read1(CHUNK):
                yield block
        except EOFError:
            self.cut_short = True
        except (LZMAError, zlib.error) as error:
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
        from gzip import GzipFile

        return GzipFile(fileobj=file)
    if head.startswith(XZ):
        from lzma import LZMAFile

        return LZMAFile(file)
    return file


def decoded(blocks: Iterable[bytes]) -> Iterator[str]:
    """Decode UTF-8, or UTF-16 as the shell of Windows writes it; invalid bytes become U+FFFD."""
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
    """Regroup pieces of text into clean chunks that end with a line.

    Lines longer than LONGEST_LINE are truncated.
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
    """Remove what a terminal, a web page or a notebook added to whole lines.

    A lone CR ends a line as well: each state of a progress bar is a line, as in an editor.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\\" in text and '\\n"' in text:
        text = re.sub(_NOTEBOOK, _unquoted, text)
    if "\x1b" in text:
        text = re.sub(_COLOUR, "", text)
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        text = text.translate(_ODD_SPACES)
    if "&" in text and ";" in text:
        text = re.sub("|".join(_ENTITIES), lambda entity: _ENTITIES[entity[0]], text)
    return text


def _unquoted(line: re.Match[str]) -> str:
    """Return the value of a JSON string; the line itself if it is not valid."""
    import json

    try:
        text = json.loads(f'"{line[1]}"', strict=False)
    except ValueError:
        return line[0]
    # JSON may hold surrogates, which cannot be encoded.
    return str(text).encode("utf-8", "replace").decode()
