"""A prototxt of any age, or a solver's -> the same text in the canonical layout.

Works on tokens: fields stay in their order, values as they are written, comments at their place.
Separators go, `<...>` and `a: {` become `a {`, and single quotes become double ones where they can.
"""

from __future__ import annotations

import re

from caffetools.proto import layout
from caffetools.proto.prototxt import END, STRING, TOKEN
from caffetools.proto.source import Source

_LINE_END = re.compile(r"\r\n|\r|\n")
_CLOSER = {"{": "}", "<": ">"}
_SEPARATORS = (",", ";")


def format_text(source: Source) -> str:
    """The text of a file that `prototxt.parse` reads, in the canonical layout."""
    formatter = _Formatter(source.text)
    block = formatter.block("")
    if block.opening:  # the first line of a file stands beside nothing
        first = block.fields[0].above if block.fields else block.below
        first.insert(0, block.opening)
        block.opening = ""
    return layout.text(block)


def first_difference(source: Source, text: str) -> int | None:
    """The offset of the first line of `source` that is another in `text`; None if there is none."""
    offset = 0
    lines = text.splitlines(keepends=True)
    for index, line in enumerate(source.text.splitlines(keepends=True)):
        if index >= len(lines) or line != lines[index]:
            return offset
        offset += len(line)
    return None if source.text == text else offset


class _Formatter:
    """One pass over the tokens of a text that is known to be right."""

    def __init__(self, text: str) -> None:
        self.matches = TOKEN.finditer(text)
        self.beside = ""
        """The comment between the token before and the end of its line."""
        self.above: list[str] = []
        """The comments and blank lines between that line and this token."""
        self.advance()

    def advance(self) -> None:
        match = next(self.matches)
        self.kind = match.lastindex or END
        self.token = match[self.kind]
        before = match.string[match.start() : match.start(self.kind)]
        beside, *lines = (line.strip() for line in _LINE_END.split(before))
        if lines and not lines[-1]:
            del lines[-1]  # the indent of this token
        self.beside, self.above = beside, lines

    def comments(self) -> list[str]:
        """All comments before this token."""
        return [line for line in (self.beside, *self.above) if line]

    def block(self, closer: str) -> layout.Block:
        """The fields up to `closer`, which is "" for the end of the file."""
        block = layout.Block()
        while True:
            lines = self.gap(block)
            if self.token == closer:
                block.below = lines
                return block
            block.fields.extend(self.field(lines))

    def gap(self, block: layout.Block) -> list[str]:
        """What stands between two fields; a comment in the line of the first goes beside it."""
        lines: list[str] = []
        while True:
            if self.beside and not lines and not self.has_beside(block):
                if block.fields:
                    block.fields[-1].beside = self.beside
                else:
                    block.opening = self.beside
            elif self.beside:
                lines.append(self.beside)
            lines += self.above
            if self.token not in _SEPARATORS:
                return lines
            self.advance()

    def has_beside(self, block: layout.Block) -> bool:
        return bool(block.fields[-1].beside if block.fields else block.opening)

    def field(self, above: list[str]) -> list[layout.Field]:
        """The field whose name is this token; several for a list of messages."""
        name = self.token
        self.advance()
        inner = self.comments()
        if self.token == ":":
            self.advance()
            inner += self.comments()
        values = self.list_of(inner) if self.token == "[" else [self.value(inner)]
        fields = [layout.Field(name, value) for value in values]
        fields[0].above = above + inner
        return fields

    def list_of(self, inner: list[str]) -> list[str | layout.Block]:
        """The values in brackets: one text of them all, or messages, to be several fields."""
        values: list[str | layout.Block] = []
        self.advance()
        inner += self.comments()
        while self.token != "]":
            values.append(self.value(inner))
            inner += self.comments()
            if self.token == ",":
                self.advance()
                inner += self.comments()
        self.advance()
        scalars = [value for value in values if isinstance(value, str)]
        return values if len(scalars) < len(values) else [f"[{', '.join(scalars)}]"]

    def value(self, inner: list[str]) -> str | layout.Block:
        """A scalar as it is written, or a message; comments in a scalar are added to `inner`."""
        if self.token in _CLOSER:
            closer = _CLOSER[self.token]
            self.advance()
            block = self.block(closer)
            self.advance()
            return block
        sign = "-" if self.token == "-" else ""
        if sign:
            self.advance()
            inner += self.comments()
        kind = self.kind
        parts: list[str] = []
        while not parts or kind == self.kind == STRING:
            if parts:
                inner += self.comments()
            parts.append(_double_quoted(self.token))
            self.advance()
        return sign + " ".join(parts)


def _double_quoted(token: str) -> str:
    """A string's token in double quotes, unless it has some inside; any other token as it is."""
    if token[0] == "'" and '"' not in token:
        return f'"{token[1:-1]}"'
    return token
