"""The schema at run time: every message, field and enum of Caffe's files, with its defaults.

Made of `schema_table`, one message at a time as it is asked for, so that a command pays for the
few messages that its file holds.
"""

from __future__ import annotations

from functools import cache, cached_property

from caffetools.proto.schema_table import ENUMS, MESSAGES

Default = int | float | bool | str | bytes | None

ZERO: dict[str, Default] = {
    "int32": 0,
    "int64": 0,
    "uint32": 0,
    "uint64": 0,
    "float": 0.0,
    "double": 0.0,
    "bool": False,
    "string": "",
    "bytes": b"",
}
"""The scalar types, each with the value of a field that has no default."""

NONE = "-"
"""What the table writes for nothing."""


class Field:
    """One field of a message.

    `type` is a scalar's name, "enum" or "message"; `type_name` says which scalar, enum or message.
    `default` is what a reader sees where the field is absent: the declared default, else proto2's
    zero value, an enum's by name; None for messages and repeated fields. `declared` is the default
    as the schema writes it, None where it writes none. `origin` is the fork ("owner/name") that has
    the field, None for BVLC Caffe's master.
    """

    def __init__(
        self, name: str, number: str, label: str, type_name: str, declared: str, origin: str
    ) -> None:
        self.name = name
        self.number = int(number)
        self.repeated = label in ("repeated", "packed")
        self.required = label == "required"
        self.packed = label == "packed"
        self.type_name = type_name
        self.declared = None if declared == NONE else declared
        self.origin = None if origin == NONE else origin
        if type_name in ZERO:
            self.type = type_name
        else:
            self.type = "enum" if type_name in ENUMS else "message"
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
        """What the field holds, if that is a message."""
        return message(self.type_name) if self.type == "message" else None

    @cached_property
    def enum(self) -> Enum | None:
        """What the field names a value of, if that is an enum."""
        return enum(self.type_name) if self.type == "enum" else None


class Descriptor:
    """One message: its fields by name and by number, in the order of the schema."""

    __slots__ = ("by_number", "fields", "name", "origin", "required")

    def __init__(self, name: str, origin: str, fields: list[Field]) -> None:
        self.name = name
        self.origin = None if origin == NONE else origin
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
        self.numbers = {value: int(number) for value, number, _ in values}
        self.names = {number: value for value, number in self.numbers.items()}
        self.origins = {value: origin for value, _, origin in values if origin != NONE}

    def __repr__(self) -> str:
        return f"<enum {self.name}>"


@cache
def message(name: str) -> Descriptor:
    """The message of a name such as "LayerParameter"; a nested one is "Outer.Inner".

    KeyError if there is none.
    """
    origin, *fields = MESSAGES[name].splitlines()
    return Descriptor(name, origin, [Field(*field.split()) for field in fields])


@cache
def enum(name: str) -> Enum:
    """The enum of a name such as "Phase" or "PoolingParameter.PoolMethod".

    KeyError if there is none.
    """
    return Enum(name, [value.split() for value in ENUMS[name].splitlines()])


def first_value(name: str) -> str:
    """The name of an enum's first value, which a field without a default has."""
    return ENUMS[name].split(maxsplit=1)[0]


def messages() -> tuple[str, ...]:
    """The names of all messages, in the order of the schema."""
    return tuple(MESSAGES)


def enums() -> tuple[str, ...]:
    """The names of all enums, in the order of the schema."""
    return tuple(ENUMS)
