"""glog's prefix in all its forms, and the messages after it.

    I0721 10:38:15.326920  4692 net.cpp:125] Top shape: 256 3 227 227 (39574272)
    I20230721 10:38:15.326920  4692 net.cpp:125] Top shape: 256 3 227 227 (39574272)

The second form, with the year, is glog's own since 0.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PREFIX = (
    r"([IWEF][0-9]{4}(?:[0-9]{4})? [0-9]{2}:[0-9]{2}:[0-9.]{2,12} +(?:[0-9]+|0x[0-9a-f]+))"
    r" ([^ :\]\n]+:[0-9]{1,6})\] ?"
)
_ANYWHERE = re.compile(_PREFIX)

LINE = re.compile(_PREFIX + r"([^\n]*)\n|((?:(?![IWEF])[^\n]*\n)+|[^\n]*\n)")
"""A line with a prefix, or all lines up to the next that may have one.

Groups: the prefix's head and place, its message; the lines without a prefix.
"""


class Message(NamedTuple):
    """One message of the log. A line without a prefix is a message without a head."""

    number: int
    """The 1-based line of the log that it begins on."""
    text: str
    head: str = ""
    """Severity, date, time and thread: `I0721 10:38:15.326920  4692`."""
    place: str = ""
    """The line of the source: `net.cpp:125`."""

    @property
    def severity(self) -> str:
        """I, W, E or F."""
        return self.head[:1]

    @property
    def time(self) -> str:
        """`0721 10:38:15.326920` or `20230721 10:38:15.326920`."""
        return self.head[1:].rpartition(" ")[0].rstrip()

    @property
    def thread(self) -> str:
        """The number of the thread."""
        return self.head.rpartition(" ")[2]

    @property
    def file(self) -> str:
        """The source file: `net.cpp`."""
        return self.place.partition(":")[0]

    @property
    def line(self) -> int:
        """The line of the source file."""
        return int(self.place.rpartition(":")[2] or 0)


def messages(number: int, text: str) -> Iterator[Message]:
    """Yield the messages of one line of the log, ignoring text of other programs before them.

    Two threads, or a program that ends no line, may leave several in one; a pasted page has a
    number in front. A line without any prefix is one message without a head.
    """
    found = list(_ANYWHERE.finditer(text))
    if not found:
        yield Message(number, text)
    ends = [*(prefix.start() for prefix in found[1:]), len(text)]
    for prefix, end in zip(found, ends, strict=False):
        yield Message(number, text[prefix.end() : end], prefix[1], prefix[2])
