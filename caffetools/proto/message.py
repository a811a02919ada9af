"""A protobuf message in which each field knows its position in the file; and notes about it.

The tree is the same for text and binary files: `prototxt` and `binary` build it, `upgrade` rewrites
it, `printer` writes it. Values are Python's: int, float, bool, str (strings, and enum values by
name), bytes and Message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, Union, cast

from caffetools.errors import CaffeToolsError, Location, Note, ShapeError

if TYPE_CHECKING:
    from caffetools.proto.schema import Descriptor
    from caffetools.proto.source import Source

Value: TypeAlias = Union[int, float, bool, str, bytes, "Message"]
Entry: TypeAlias = "tuple[Value, int]"
"""A value, and the offset of its field's name in the source."""


class Word(str):
    """An unquoted word as the value of a field that the schema does not know."""

    __slots__ = ()


class Message:
    """The fields of one message, each with all its values in the order of the file.

    `descriptor` is None inside a field that the schema does not know.
    """

    __slots__ = ("descriptor", "fields", "offset", "source")

    def __init__(
        self,
        descriptor: Descriptor | None,
        source: Source,
        offset: int = 0,
        fields: dict[str, list[Entry]] | None = None,
    ) -> None:
        self.descriptor = descriptor
        self.source = source
        self.offset = offset
        self.fields: dict[str, list[Entry]] = {} if fields is None else fields

    def __repr__(self) -> str:
        name = self.descriptor.name if self.descriptor else "unknown message"
        return f"<{name} at {self.location()}: {', '.join(self.fields)}>"

    def has(self, name: str) -> bool:
        """Whether the field is set."""
        return name in self.fields

    def count(self, name: str) -> int:
        """Number of values of the field."""
        return len(self.fields.get(name, ()))

    def get(self, name: str) -> Value | None:
        """The field's value or, where it is not set, the schema's default."""
        entries = self.fields.get(name)
        if entries:
            return entries[-1][0]
        field = self.descriptor.fields.get(name) if self.descriptor else None
        return field.default if field else None

    def all(self, name: str) -> list[Value]:
        """Every value of a repeated field, in order."""
        return [value for value, _ in self.fields.get(name, ())]

    # The same with the type of the schema, so that readers of a layer need no casts.

    def integer(self, name: str) -> int:
        """An integer field's value."""
        return cast(int, self.get(name))

    def number(self, name: str) -> float:
        """A float field's value."""
        return cast(float, self.get(name))

    def flag(self, name: str) -> bool:
        """A bool field's value."""
        return cast(bool, self.get(name))

    def text(self, name: str) -> str:
        """A string, or an enum's value by name."""
        return cast(str, self.get(name))

    def integers(self, name: str) -> list[int]:
        """A repeated integer field's values."""
        return cast("list[int]", self.all(name))

    def numbers(self, name: str) -> list[float]:
        """A repeated float field's values."""
        return cast("list[float]", self.all(name))

    def texts(self, name: str) -> list[str]:
        """A repeated string field's values."""
        return cast("list[str]", self.all(name))

    def messages(self, name: str) -> list[Message]:
        """A repeated message field's values."""
        return cast("list[Message]", self.all(name))

    def message(self, name: str) -> Message:
        """The message in a field, or an empty one at the position of this one."""
        found = self.get(name)
        return found if isinstance(found, Message) else self.empty(name)

    def empty(self, name: str) -> Message:
        """An empty message of the field's type, at the position of this one."""
        field = self.descriptor.fields.get(name) if self.descriptor else None
        return Message(field.message if field else None, self.source, self.offset)

    def replaced(self, fields: dict[str, list[Entry]]) -> Message:
        """The message with other fields, at the same position."""
        return Message(self.descriptor, self.source, self.offset, fields)

    def place(self, name: str | None = None, index: int = -1) -> int:
        """The offset of a field's `index`th value, or of the message where the field is not set."""
        entries = self.fields.get(name) if name else None
        return entries[index][1] if entries else self.offset

    def location(self, name: str | None = None, index: int = -1) -> Location:
        """The line and column of `place`."""
        return self.source.location(self.place(name, index))

    def error(
        self,
        text: str,
        name: str | None = None,
        index: int = -1,
        kind: type[CaffeToolsError] = ShapeError,
    ) -> CaffeToolsError:
        """An error placed at a field, or at the message."""
        return self.source.error(text, self.place(name, index), kind)


class Notes:
    """Notes about a file; a repeated one is counted, and placed at its first occurrence."""

    def __init__(self) -> None:
        self._first: dict[str, Location] = {}
        self._times: dict[str, int] = {}

    def add(self, text: str, message: Message, name: str | None = None, index: int = 0) -> None:
        """Note `text` at a field's `index`th value, or at the message."""
        self._times[text] = self._times.get(text, 0) + 1
        if text not in self._first:
            self._first[text] = message.location(name, index)

    def all(self) -> tuple[Note, ...]:
        """The notes in the order of their first occurrence."""
        return tuple(
            Note(location, f"{text} ({times} times)" if (times := self._times[text]) > 1 else text)
            for text, location in self._first.items()
        )
