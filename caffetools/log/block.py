"""The lines of one iteration, read at once.

A training log is one block of lines again and again: the loss, the outputs, the rate. Once the form
of a block has been seen, one regular expression finds all that follow, at a tenth of the cost of
reading them line by line. What it does not match is left to be read so: both ways give the same
curves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from caffetools.log.curve import Output
from caffetools.log.forms import ITERATION, OUTPUT, SPEED
from caffetools.log.glog import Message

VALUE = "value"

_FIRST = r"^[IWEF]([0-9]+ [^ ]+) +[^\]]+"
_LATER = r"[IWEF][0-9]+ [^\]]+"
_SAME_ITERATION = r"\2"


class Block(NamedTuple):
    """The form of an iteration's lines."""

    pattern: re.Pattern[str]
    fields: tuple[str, ...]
    """What its groups are: a name of Point's fields, or VALUE for one of the outputs."""
    outputs: tuple[Output, ...]
    lines: int

    def split(self, text: str) -> tuple[list[str], list[list[str]]] | None:
        """What stands before and between and behind the blocks of a text, and each field's column.

        The pattern is made for speed: a broken line makes it swallow another. Then this is None.
        """
        parts = self.pattern.split(text)
        width = 1 + len(self.fields)
        between = parts[::width]
        in_blocks = (len(between) - 1) * self.lines
        if text.count("\n") != in_blocks + sum(part.count("\n") for part in between if part):
            return None
        return between, [parts[i::width] for i in range(1, width)]


def learn(lines: Sequence[Message]) -> Block | None:
    """The form of an iteration that these lines told.

    None if its loss is not told, or other lines stand between.
    """
    form = _Form()
    for offset, line in enumerate(lines):
        if not line.head or line.number != lines[0].number + offset or not form.add(line):
            return None
    if "loss" not in form.fields:
        return None
    pattern = re.compile("".join(form.parts), re.MULTILINE)
    return Block(pattern, tuple(form.fields), tuple(form.outputs), len(lines))


class _Form:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.fields = ["time"]
        self.outputs: list[Output] = []

    def add(self, line: Message) -> bool:
        text = self.iteration(line.text) or self.output(line.text)
        self.parts.append(rf"{_LATER if self.parts else _FIRST}\] {text}\n")
        return bool(text)

    def iteration(self, text: str) -> str:
        found = ITERATION.search(text)
        tail = text[found.end() :].rstrip() if found else ""
        if not found or (tail and not tail.startswith(",")):
            return ""
        form = _Escaped(text)
        form.put(found.span(1), _SAME_ITERATION if "iteration" in self.fields else "([0-9]+)")
        if "iteration" not in self.fields:
            self.fields.append("iteration")
        if found[2] and (speed := SPEED.match(found[2])):
            start, end = found.span(2)
            form.put((start, start + speed.end(1)), r"([^\s/()]+)")
            form.put((start + speed.end(), end), r"[^()\n]*")
            self.fields.append("speed")
        elif found[2]:
            form.put(found.span(2), r"[^()/\n]*")
        if found[3]:
            form.put((found.start(3), text.index("ep,", found.end(3))), "[0-9./]+")
        self.fields.append(found[4])
        form.put((found.start(5), len(text)), r"([^ ,\n]+),[^\n]*" if tail else r"([^ \n]+)")
        return form.end()

    def output(self, text: str) -> str:
        found = OUTPUT.search(text)
        if not found:
            return ""
        self.outputs.append(Output(found[3], found[5] or ""))
        self.fields.append(VALUE)
        form = _Escaped(text)
        form.put(found.span(4), "([^ ]+)" if found[5] else r"([^ \n]+)")
        if found[5]:
            form.put((found.end(5) + len(" = "), text.rindex(" loss)")), "[^ ]+")
        return form.end()


class _Escaped:
    """A text as a regular expression, but for some parts of it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: list[str] = []
        self.done = 0

    def put(self, span: tuple[int, int], form: str) -> None:
        self.parts += re.escape(self.text[self.done : span[0]]), form
        self.done = span[1]

    def end(self) -> str:
        return "".join(self.parts) + re.escape(self.text[self.done :])
