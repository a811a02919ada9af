"""Format a prototxt, a net of any age or a solver, in the canonical layout.

Works on tokens: the order of fields, the text of values and the position of comments are kept.
Separators are dropped, `<...>` and `a: {` become `a {`, single quotes double ones if possible.
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
    """Format a text that `prototxt.parse` reads."""
    return layout.text(layout_of(source))


def layout_of(source: Source) -> layout.LayoutBlock:
    """Return the fields and comments of a text that `prototxt.parse` reads."""
    formatter = _Formatter(source.text)
    block = formatter.block("")
    if block.opening:  # a comment in the first line of a file
        first = block.fields[0].above if block.fields else block.below
        first.insert(0, block.opening)
        block.opening = ""
    return block


def first_difference(source: Source, text: str) -> int | None:
    """Return the offset of the first line of `source` that differs from `text`, or None."""
    offset = 0
    lines = text.splitlines(keepends=True)
    for index, line in enumerate(source.text.splitlines(keepends=True)):
        if index >= len(lines) or line != lines[index]:
            return offset
        offset += len(line)
    return None if source.text == text else offset


class _Formatter:
    """One pass over the tokens of a valid text."""

    def __init__(self, text: str) -> None:
        self.matches = TOKEN.finditer(text)
        self.trailing = ""
        """The comment between the previous token and the end of its line."""
        self.above: list[str] = []
        """The comments and blank lines between that line and this token."""
        self.advance()

    def advance(self) -> None:
        match = next(self.matches)
        self.kind = match.lastindex or END
        self.token = match[self.kind]
        self.offset = match.start(self.kind)
        before = match.string[match.start() : match.start(self.kind)]
        trailing, *lines = (line.strip() for line in _LINE_END.split(before))
        if lines and not lines[-1]:
            del lines[-1]  # the indent of this token
        self.trailing, self.above = trailing, lines

    def comments(self) -> list[str]:
        """All comments before this token."""
        return [line for line in (self.trailing, *self.above) if line]

    def block(self, closer: str) -> layout.LayoutBlock:
        """The fields up to `closer`, which is "" for the end of the file."""
        block = layout.LayoutBlock()
        while True:
            lines = self.gap(block)
            if self.token == closer:
                block.below = lines
                return block
            block.fields.extend(self.field(lines))

    def gap(self, block: layout.LayoutBlock) -> list[str]:
        """The lines between two fields; a comment in the line of the first trails it."""
        lines: list[str] = []
        while True:
            if self.trailing and not lines and not self.has_trailing(block):
                if block.fields:
                    block.fields[-1].trailing = self.trailing
                else:
                    block.opening = self.trailing
            elif self.trailing:
                lines.append(self.trailing)
            lines += self.above
            if self.token not in _SEPARATORS:
                return lines
            self.advance()

    def has_trailing(self, block: layout.LayoutBlock) -> bool:
        return bool(block.fields[-1].trailing if block.fields else block.opening)

    def field(self, above: list[str]) -> list[layout.LayoutField]:
        """The field whose name is this token; several for a list of messages."""
        name, offset = self.token, self.offset
        self.advance()
        inner = self.comments()
        if self.token == ":":
            self.advance()
            inner += self.comments()
        values = self.list_of(inner) if self.token == "[" else [self.value(inner)]
        fields = [layout.LayoutField(name, value, offset=offset) for value in values]
        fields[0].above = above + inner
        return fields

    def list_of(self, inner: list[str]) -> list[str | layout.LayoutBlock]:
        """The values in brackets: one text of them all, or messages, to be several fields."""
        values: list[str | layout.LayoutBlock] = []
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

    def value(self, inner: list[str]) -> str | layout.LayoutBlock:
        """A scalar as written, or a message; comments in a scalar are added to `inner`."""
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
    """Return a string's token in double quotes if it contains none; other tokens unchanged."""
    if token[0] == "'" and '"' not in token:
        return f'"{token[1:-1]}"'
    return token
