"""The lines of one iteration, read at once.

A training log is one block of lines again and again: the loss, the outputs, the rate. Once the form
of a block has been seen, one regular expression finds all that follow, at a tenth of the cost of
reading them line by line; a test is such a block too. What it does not match is left to be read so:
both ways give the same curves.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from caffetools.log.curve import Output
from caffetools.log.prefix import Message

VALUE = "value"

_SAME_ITERATION = r"\2"
_WORD = "[!-~]+"
"""A number as printed: a range of characters is passed over faster than what is no space."""

_SILENT = 50
"""So many silent lines of the source may stand between those of a test."""


class Block(NamedTuple):
    """The form of an iteration's lines."""

    pattern: re.Pattern[str]
    fields: tuple[str, ...]
    """Contents of the groups: a field of Point, or VALUE for an output."""
    outputs: tuple[Output, ...]
    keys: frozenset[tuple[str, str]]
    """The outputs by index and name."""
    lines: int

    def split(self, text: str) -> tuple[list[str], list[list[str]]]:
        """Split a text into the parts between its blocks, and a column for each field.

        The pattern begins at the start of a line and crosses no end of one but its own.
        """
        parts = self.pattern.split(text)
        width = 1 + len(self.fields)
        return parts[::width], [parts[i::width] for i in range(1, width)]


def learn(lines: Sequence[Message]) -> Block | None:
    """Learn the form of an iteration from its lines.

    None without its loss, or with other lines in between.
    """
    form = _Form()
    in_order = all(line.number == lines[0].number + offset for offset, line in enumerate(lines))
    is_known = in_order and all(line.head and form.add(line) for line in lines)
    return form.block() if is_known and "loss" in form.fields else None


def learn_test(lines: Sequence[Message], silent: Collection[str]) -> Block | None:
    """Learn the form of a test from its lines, None without its iteration or outputs.

    Lines of the source that are silent may stand between: data layers say that they wait.
    """
    places = "|".join(map(re.escape, sorted(silent)[:_SILENT]))
    form = _Form(rf"(?:[IWEF][0-9]+ [^ \n]+ +[^ \n]+ (?:{places})\].*\n)*" if silent else "")
    is_known = all(line.head and form.add(line) for line in lines)
    return form.block() if is_known and form.is_test and form.outputs else None


class _Form:
    def __init__(self, between: str = "") -> None:
        self.between = between
        self.parts: list[str] = []
        self.fields = ["time"]
        self.outputs: list[Output] = []
        self.keys: set[tuple[str, str]] = set()
        self.is_test = False

    def add(self, line: Message) -> bool:
        text = self.iteration(line.text) or self.output(line.text) or self.testing(line.text)
        prefix = len(f"{line.head} {line.place}") - 1
        # By its length alone, a prefix is passed over at once.
        skipped = f".{{{prefix}}}"
        if not self.parts:
            time = len(line.time)
            skipped = f"(.{{{time}}}) .{{{prefix - time - 1}}}"
        self.parts.append(rf"[IWEF]{skipped}\] {text}\n")
        return bool(text)

    def block(self) -> Block:
        pattern = re.compile(f"^{self.between}" + self.between.join(self.parts), re.MULTILINE)
        keys = frozenset(self.keys)
        return Block(pattern, tuple(self.fields), tuple(self.outputs), keys, len(self.parts))

    def testing(self, text: str) -> str:
        found = TESTING.search(text)
        if not found or not found[1] or self.parts:
            return ""
        self.is_test = True
        self.fields.append("iteration")
        form = _Escaped(text)
        form.put(found.span(1), "([0-9]+)")
        return form.end()

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
        form.put((found.start(5), len(text)), r"([^ ,\n]+),[^\n]*" if tail else f"({_WORD})")
        return form.end()

    def output(self, text: str) -> str:
        found = OUTPUT.search(text)
        if not found:
            return ""
        self.outputs.append(Output(found[3], found[5] or ""))
        self.keys.add((found[2], found[3]))
        self.fields.append(VALUE)
        form = _Escaped(text)
        form.put(found.span(4), f"({_WORD})")
        if found[5]:
            form.put((found.end(5) + len(" = "), text.rindex(" loss)")), _WORD)
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


ITERATION = re.compile(
    r"Iteration ?([0-9]{1,18})(?: \(([^()\n]*)\))?,"
    r"(?: ([0-9.]+)(?:/[0-9.]+)?ep,)?[ \t]*(loss|lr) ?= ?([^\s,]+)"
)
"""Groups: iteration, time taken, epoch, what it tells, value.

`Iteration 100, loss = 0.5`, `Iteration 100 (8.1 iter/s, 12.3s/100 iters), loss = 0.5`, and of
NVCaffe `Iteration 100 (8.1 iter/s, 12.3s/100 iter), 1.2/90ep, loss = 0.5` and
`Iteration 100, lr = 0.1, m = 0.9`.
"""

SPEED = re.compile(r"([^\s/]+)(?: iter)?/s")
"""The iterations per second within the time taken."""

OUTPUT = re.compile(
    r"(Train|Test) net output(?: mAP)? #([0-9]{1,9}): (.+) = (\S+)(?: \(\* (\S+) = \S+ loss\))?\s*$"
)
"""Groups: net, index among all numbers, name, value, weight in the loss."""

OUTPUT_WITH_NOTE = re.compile(
    r"(Train|Test) net output(?: mAP)? #([0-9]{1,9}): (\S+) = ([-+.\w]+)"
    r"(?: \(\* (\S+) = \S+ loss\))?"
)
"""The same, if text was appended to the line."""

TESTING = re.compile(r"(?:Iteration ?([0-9]{1,18}), )?Testing net(?: \(#([0-9]{1,9})\))?")
"""Groups: iteration, which the first form did not tell; test net, since they may be several."""

TEST_SCORE = re.compile(r"Test score #([0-9]{1,9}): ?(\S+)")
"""An output through v0.9999, when they had no names."""

TEST_LOSS = re.compile(r"Test loss: ?(\S+)")

CLASS_SCORE = re.compile(r"class(?: AP )?([0-9]{1,9}): ?(\S+)")
"""A detector's score of one class: `class AP 3: 0.46` of NVCaffe, `class3: 0.46` of SSD."""
