"""Protobuf's text format -> a Message tree with the position of each field.

google.protobuf's parser gives no positions and stops at the first field of a fork. The language is
that of text_format.cc's parser (protobuf 3, as Caffe calls it): what that refuses is refused, but
fields that the schema does not know are kept.
"""

from __future__ import annotations

import re
from typing import NoReturn

from caffetools.errors import PrototxtError
from caffetools.proto import schema
from caffetools.proto.message import Entry, Message, Value
from caffetools.proto.schema import Field
from caffetools.proto.source import Source
from caffetools.proto.values import read_known, read_known_string, read_unknown, shown, unquote

_WORD = r"[A-Za-z_]\w*"
_NUMBER = r"0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?"

# One match is one token with the blanks and comments before it. The last two alternatives match
# anything, so a match never fails and never backtracks.
TOKEN = re.compile(
    rf"""(?:[ \t\r\n\v\f]+|\#[^\r\n]*)*
    (?: ({_WORD})                                                        # 1 word
    |   ({_NUMBER})                                                      # 2 number
    |   ("[^"\\\n]*(?:\\.[^"\\\n]*)*"|'[^'\\\n]*(?:\\.[^'\\\n]*)*')      # 3 string
    |   (.)                                                              # 4 punctuation
    |   (\Z) )                                                           # 5 the end
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
WORD, NUMBER, STRING, PUNCTUATION, END = range(1, 6)

# A shortcut for most fields, `name: value` followed by a blank: it halves the time of reading.
# Where it does not match, the field is read by its tokens.
_PLAIN = re.compile(
    rf"""({_WORD})[ ]?:[ ]?                     # 1 name
    (?: (-?(?:{_NUMBER})|{_WORD})(?=[\r\n ])    # 2 number or word
    |   "([^"\\\n]*)"(?=[\r\n ]+[^"'\#\s]) )    # 3 string, with no other to be joined to
    """,
    re.VERBOSE | re.ASCII,
)

MAX_DEPTH = 100
"""Maximum depth of nested messages: protobuf's own limit for binaries."""

_CLOSER = {"{": "}", "<": ">"}
_CONFLICT = re.compile(r"<{7}|={7}|>{7}|\|{7}")
_PLACEHOLDER = re.compile(r"\$\{?\w*\}?|@+\w*@*|%\(?\w*\)?s?|\{\{[^}\n]*\}\}")


def parse(source: Source, root: str = "NetParameter") -> Message:
    """Read the message `root` from a text.

    Raises PrototxtError, placed at its line and column, for text that protobuf would refuse.
    """
    message = Message(schema.message(root), source, 0)
    _Parser(source).body(message, "", 0)
    return message


class _Parser:
    """One pass over the tokens, looking one token ahead."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.end = 0
        self.kind = END
        self.token = ""
        self.offset = 0
        self.advance()

    def advance(self) -> None:
        match = TOKEN.match(self.source.text, self.end)
        assert match is not None
        self.end = match.end()
        self.kind = kind = match.lastindex or END
        self.token = match[kind]
        self.offset = match.start(kind)

    def fail(self, message: str, offset: int | None = None) -> NoReturn:
        raise self.source.error(message, self.offset if offset is None else offset, PrototxtError)

    def body(self, message: Message, closer: str, depth: int) -> None:
        """The fields of `message` up to `closer`, which is "" for the end of the file."""
        if depth > MAX_DEPTH:
            self.fail(f"messages are nested more than {MAX_DEPTH} deep", message.offset)
        descriptor = message.descriptor
        known = descriptor.fields if descriptor else {}
        while self.token != closer:
            if self.kind != WORD:
                self.no_field(message, closer)
            field = known.get(self.token)
            if field is None or not self.plain_field(message.fields, field):
                self.field(message.fields, field, depth)
            if self.token in (",", ";"):
                self.advance()
        for name in descriptor.required if descriptor else ():
            if name not in message.fields:
                self.fail(f"expected '{name}', which must be given", message.offset)
        if closer:
            self.advance()

    def plain_field(self, fields: dict[str, list[Entry]], field: Field) -> bool:
        """Read the field by the shortcut; False, and nothing is read, where it does not match."""
        match = _PLAIN.match(self.source.text, self.offset)
        if match is None or (field.name in fields and not field.repeated):
            return False
        value: Value
        if match.lastindex == 2:
            try:
                value = read_known(field, match[2])
            except ValueError:
                return False
        elif field.type == "string":
            value = match[3]
        else:
            return False
        fields.setdefault(field.name, []).append((value, self.offset))
        self.end = match.end()
        self.advance()
        return True

    def field(self, fields: dict[str, list[Entry]], field: Field | None, depth: int) -> None:
        """The field whose name is this token; its value or values go to `fields`."""
        name, offset = self.token, self.offset
        entries = fields.get(name, [])
        if entries and field is not None and not field.repeated:
            line = self.source.location(entries[0][1]).line
            self.fail(f"'{name}' is given twice, first in line {line}")
        self.advance()
        colon = self.token == ":"
        if colon:
            self.advance()
        if self.token == "[":
            values = self.list_of(name, field, offset, colon, depth)
        else:
            values = [self.value(name, field, offset, colon, depth)]
        entries += [(value, offset) for value in values]
        if entries:
            fields[name] = entries

    def list_of(
        self, name: str, field: Field | None, offset: int, colon: bool, depth: int
    ) -> list[Value]:
        """`[a, b]`, short for the field given once for each."""
        if field is not None and not field.repeated:
            self.fail(f"'{name}' takes one value, found a list")
        if not colon and (field is None or field.type != "message"):
            self.fail(f"expected ':' after '{name}', found '['")
        self.advance()
        values: list[Value] = []
        more = self.token != "]"
        while more:
            values.append(self.value(name, field, offset, colon, depth))
            more = self.token == ","
            if more:
                self.advance()
        if self.token != "]":
            self.fail(f"expected ',' or ']' in the list of '{name}', found {self.found()}")
        self.advance()
        return values

    def value(self, name: str, field: Field | None, offset: int, colon: bool, depth: int) -> Value:
        """A message or a scalar."""
        closer = _CLOSER.get(self.token)
        if closer:
            if field is not None and field.type != "message":
                self.fail(f"'{name}' is of type {field.type}, found a message")
            inner = Message(field.message if field else None, self.source, offset)
            self.advance()
            self.body(inner, closer, depth + 1)
            return inner
        if field is not None and field.type == "message":
            self.fail(f"expected '{{' after '{name}', found {self.found()}")
        if not colon:
            self.fail(f"expected ':' after '{name}', found {self.found()}")
        return self.scalar(name, field)

    def scalar(self, name: str, field: Field | None) -> Value:
        start = self.offset
        sign = "-" if self.token == "-" else ""
        if sign:
            self.advance()
        kind, token = self.kind, self.token
        if kind in (PUNCTUATION, END) or (sign and kind == STRING):
            self.fail(f"expected a value for '{name}', found {self.found()}")
        self.advance()
        try:
            if kind == STRING:
                return self.string(token, field)
            if kind == NUMBER and self.kind in (WORD, NUMBER) and self.touches():
                self.fail(f"expected a blank between {token} and {self.found()}")
            return read_known(field, sign + token) if field else read_unknown(sign + token)
        except ValueError as error:
            self.fail(f"'{name}': {error}", start)

    def string(self, first: str, field: Field | None) -> str | bytes:
        parts = [first]
        while self.kind == STRING:  # adjacent strings are one, as in C
            parts.append(self.token)
            self.advance()
        return read_known_string(field, parts) if field else unquote(parts)

    def touches(self) -> bool:
        """Whether this token follows the previous one without a blank."""
        return not self.source.text[self.offset - 1].isspace()

    def found(self) -> str:
        """This token as it is quoted in a message."""
        text, offset = self.source.text, self.offset
        if self.kind == END:
            return "the end of the file"
        if _CONFLICT.match(text, offset):
            return "a git conflict marker: the file holds two versions, keep one"
        placeholder = _PLACEHOLDER.match(text, offset)
        if placeholder:
            return f"the placeholder {shown(placeholder[0])}: fill it in"
        if self.token in ('"', "'"):
            return "a string that its line does not end"
        return shown(self.token)

    def no_field(self, message: Message, closer: str) -> NoReturn:
        if self.kind == END:
            line = self.source.location(message.offset).line
            opened = f"the message opened in line {line}"
            self.fail(f"the file ends within {opened}: expected '{closer}'")
        if self.token in ("}", ">") and not _CONFLICT.match(self.source.text, self.offset):
            if not closer:
                self.fail(f"'{self.token}' closes nothing")
            self.fail(f"expected '{closer}', found '{self.token}'")
        self.fail(f"expected the name of a field, found {self.found()}")
