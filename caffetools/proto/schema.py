"""The schema at run time: every message, field and enum of Caffe's files, with its defaults.

Read from `schema.txt`, which `proto/compile.py` writes, and parsed one message at a time, so that a
command pays for the few messages that its file contains.
"""

from __future__ import annotations

import os
from functools import cache, cached_property

Default = int | float | bool | str | bytes | None

ZERO: dict[str, Default] = {
    **dict.fromkeys(("int32", "int64", "uint32", "uint64"), 0),
    **dict.fromkeys(("float", "double"), 0.0),
    "bool": False,
    "string": "",
    "bytes": b"",
}
"""The scalar types, each with the value of a field that has no default."""

_NONE = "-"


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    """The paragraphs of `schema.txt` for messages and for enums, by full name."""
    path = os.path.join(os.path.dirname(__file__), "schema.txt")
    with open(path, encoding="utf-8") as file:
        _, *paragraphs = file.read().split("\n\n")
    tables: dict[str, dict[str, str]] = {"message": {}, "enum": {}}
    for paragraph in paragraphs:
        kind, name = paragraph.split(maxsplit=2)[:2]
        tables[kind][name] = paragraph
    return tables["message"], tables["enum"]


def _split(paragraph: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in paragraph.splitlines()]


class Field:
    """One field of a message.

    `type` is a scalar's name, "enum" or "message"; `type_name` says which scalar, enum or message.
    `default` is the value of an absent field: the declared default, else proto2's zero value, an
    enum's by name; None for messages and repeated fields. `declared` is the default as written in
    the schema, None without one. `origin` is the fork ("owner/name") that has the field, None for
    BVLC Caffe's master.
    """

    def __init__(
        self,
        name: str,
        number: str,
        label: str,
        type_name: str,
        declared: str = _NONE,
        origin: str | None = None,
    ) -> None:
        self.name = name
        self.number = int(number)
        self.repeated = label in ("repeated", "packed")
        self.required = label == "required"
        self.packed = label == "packed"
        self.type_name = type_name
        self.declared = None if declared == _NONE else declared
        self.origin = origin
        if type_name in ZERO:
            self.type = type_name
        else:
            self.type = "enum" if type_name in _tables()[1] else "message"
        self.default = self._default()

    def _default(self) -> Default:
        if self.repeated or self.type == "message":
            return None
        if self.type == "enum":
            return self.declared or first_value(self.type_name)
        if self.declared is None:
            return ZERO[self.type]
        if self.type == "bool":
            return self.declared == "true"
        if self.type in ("float", "double"):
            return float(self.declared)
        return self.declared if self.type == "string" else int(self.declared)

    def __repr__(self) -> str:
        return f"<field {self.name} = {self.number}, {self.type_name}>"

    @cached_property
    def message(self) -> Descriptor | None:
        """The message type of the field, None for scalars and enums."""
        return message(self.type_name) if self.type == "message" else None

    @cached_property
    def enum(self) -> Enum | None:
        """The enum of the field, None for scalars and messages."""
        return enum(self.type_name) if self.type == "enum" else None


class Descriptor:
    """One message: its fields by name and by number, in the order of the schema."""

    __slots__ = ("by_number", "fields", "name", "origin", "required")

    def __init__(self, name: str, origin: str | None, fields: list[Field]) -> None:
        self.name = name
        self.origin = origin
        self.fields = {field.name: field for field in fields}
        self.by_number = {field.number: field for field in fields}
        self.required = [field.name for field in fields if field.required]

    def __repr__(self) -> str:
        return f"<message {self.name}>"


class Enum:
    """One enum: `numbers` by name, `names` by number, `origins` of the values that a fork added."""

    __slots__ = ("name", "names", "numbers", "origins")

    def __init__(self, name: str, values: list[list[str]]) -> None:
        self.name = name
        self.numbers = {value: int(number) for value, number, *_ in values}
        self.names = {number: value for value, number in self.numbers.items()}
        self.origins = {value: origin for value, _, *origins in values for origin in origins}

    def __repr__(self) -> str:
        return f"<enum {self.name}>"


@cache
def message(name: str) -> Descriptor:
    """Return the message of a name such as "LayerParameter"; a nested one is "Outer.Inner".

    KeyError if there is none.
    """
    (_, _, *origin), *fields = _split(_tables()[0][name])
    return Descriptor(name, origin[0] if origin else None, [Field(*words) for words in fields])


@cache
def enum(name: str) -> Enum:
    """Return the enum of a name such as "Phase" or "PoolingParameter.PoolMethod".

    KeyError if there is none.
    """
    return Enum(name, _split(_tables()[1][name])[1:])


def first_value(name: str) -> str:
    """Return the name of an enum's first value, its default."""
    return _tables()[1][name].split(maxsplit=3)[2]


def messages() -> tuple[str, ...]:
    """Return the names of all messages, in the order of the schema."""
    return tuple(_tables()[0])


def enums() -> tuple[str, ...]:
    """Return the names of all enums, in the order of the schema."""
    return tuple(_tables()[1])
