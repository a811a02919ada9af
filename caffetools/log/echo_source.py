"""How a log is told from a net, and what of it is taken for one; no more of logs is known here."""

from __future__ import annotations

import re

from caffetools.layers.base import Shape
from caffetools.proto.source import Source

_SPACE = rb"(?: |\xc2\xa0)"
_LINE = re.compile(
    rb"^[ \t]*\"?[^#\"'\n]*?\b[IWEF](?:[0-9]{4}){1,2}"
    + _SPACE
    + rb"[0-9]{2}:[0-9]{2}:[0-9.]+"
    + _SPACE
    + rb"+\w+"
    + _SPACE
    + rb"[^ :\]\n]+:[0-9]+\]",
    re.MULTILINE,
)
"""glog's prefix where no prototxt would have it, neither in a comment nor within a string; pasted
from a web page perhaps, or a string of its own in a notebook's file.
"""

GZIP, XZ = COMPRESSED = (b"\x1f\x8b", b"\xfd7zXZ")
"""How data begins that gzip or xz made."""


class EchoSource(Source):
    """What a log echoes, with the log's own line numbers."""

    __slots__ = ("cut", "others", "shapes")

    def __init__(
        self,
        name: str,
        text: str,
        first_line: int,
        cut: bool,
        others: int,
        shapes: dict[str, Shape],
    ) -> None:
        super().__init__(name, text, first_line)
        self.cut = cut
        """Does the text end before the net does? glog cuts a message at 30,000 bytes."""
        self.others = others
        """How many others of the kind, which are not this one, the log echoes."""
        self.shapes = shapes
        """The shapes that the log prints of the tops of layers without bottoms, by top."""


def is_log(head: bytes) -> bool:
    """Is a file that begins so a log, or compressed as only logs are?"""
    return head.startswith(COMPRESSED) or _LINE.search(head) is not None
