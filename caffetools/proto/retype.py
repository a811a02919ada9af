"""A value that was read without knowing its field's type -> the same value, read by the schema.

A field that the schema does not know in a layer of a former age may be one that it knows in
today's.
"""

from __future__ import annotations

from caffetools.errors import PrototxtError
from caffetools.proto import schema
from caffetools.proto.message import Entry, Message, Value, Word
from caffetools.proto.schema import Field
from caffetools.proto.values import read_known


def retype(message: Message, name: str, field: Field) -> list[Entry]:
    """The values of the field `name` of `message`, as `field` has them.

    Raises PrototxtError, placed, for a value that the field cannot hold.
    """
    entries = message.fields[name]
    if len(entries) > 1 and not field.repeated:
        raise message.error(f"'{name}' is given twice", name, kind=PrototxtError)
    return [
        (_value(message, name, index, field), offset) for index, (_, offset) in enumerate(entries)
    ]


def _value(message: Message, name: str, index: int, field: Field) -> Value:
    value = message.fields[name][index][0]
    if isinstance(value, Message) and field.type == "message":
        return _message(value, field.type_name)
    if not isinstance(value, Message | bytes) and field.type != "message":
        try:
            return _scalar(value, field)
        except ValueError as error:
            text = f"'{name}': {error}"
            raise message.error(text, name, index, PrototxtError) from None
    found = "a message" if isinstance(value, Message) else "a scalar"
    raise message.error(
        f"'{name}' is of type {field.type}, found {found}", name, index, PrototxtError
    )


def _message(untyped: Message, type_name: str) -> Message:
    descriptor = schema.message(type_name)
    fields = {
        name: retype(untyped, name, descriptor.fields[name])
        if name in descriptor.fields
        else entries
        for name, entries in untyped.fields.items()
    }
    return Message(descriptor, untyped.source, untyped.offset, fields)


def _scalar(value: float | str, field: Field) -> Value:
    quoted = isinstance(value, str) and not isinstance(value, Word)
    if quoted != (field.type in ("string", "bytes")):
        raise ValueError(f"expected a value of type {field.type}, found {value!a}")
    if not quoted:
        return read_known(field, str(value))
    return str(value).encode("utf-8", "surrogateescape") if field.type == "bytes" else value
