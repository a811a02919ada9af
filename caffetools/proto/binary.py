"""Protobuf's wire format <-> the same Message tree that `prototxt` reads from text.

For the net inside a `.caffemodel`. The elements of a blob are skipped when reading: they are most
of the file, and a net needs only their shape. `Message.offset` is the offset of the message's first
byte in the file.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from caffetools.errors import CaffeToolsError, Location
from caffetools.proto import schema, wire
from caffetools.proto.message import Entry, Message, Notes, Value
from caffetools.proto.schema import Field
from caffetools.proto.source import BinarySource
from caffetools.proto.values import OPEN_ENUMS
from caffetools.proto.wire import FIXED32, FIXED64, LENGTH, VARINT

NUMBERS = ("data", "diff", "double_data", "double_diff", "raw_data", "raw_diff")
"""The fields of a BlobProto that hold a blob's elements."""

_WIRE_TYPES = {
    "float": FIXED32,
    "double": FIXED64,
    **dict.fromkeys(("string", "bytes", "message"), LENGTH),
}
"""By type of field; integers, booleans and enums are varints."""


def parse(
    source: BinarySource, buffer: memoryview, notes: Notes, root: str = "NetParameter"
) -> Message:
    """Read the message `root` that is all of `buffer`; what the schema does not know is noted.

    Raises CaffeToolsError, placed at the file, for bytes that are no such message.
    """
    reader = _Reader(source, buffer, notes)
    message = Message(schema.message(root), source, 0)
    try:
        reader.read(message, 0, len(buffer))
    except wire.WireError as error:
        whole = "the file is cut off or damaged" if message.fields else f"this is no binary {root}"
        raise CaffeToolsError(f"{whole}: {error}", Location(source.name)) from None
    return message


def serialize(message: Message) -> bytes:
    """Encode a message as C++'s protobuf does: fields by number, those of no schema left out."""
    pieces = []
    if message.descriptor is not None:
        for number, field in sorted(message.descriptor.by_number.items()):
            values = [_payload(value, field) for value in message.all(field.name)]
            if field.packed and values:
                pieces.append(wire.bytes_field(number, b"".join(values)))
                continue
            wire_type = _WIRE_TYPES.get(field.type, VARINT)
            for value in values:
                length = wire.varint(len(value)) if wire_type == LENGTH else b""
                pieces += wire.tag(number, wire_type), length, value
    return b"".join(pieces)


def _payload(value: Value, field: Field) -> bytes:
    """Encode a value, without its tag and length."""
    if isinstance(value, Message):
        return serialize(value)
    if field.type in ("float", "double"):
        single = field.type == "float"
        number = float(value)
        return struct.pack("<f" if single else "<d", wire.single(number) if single else number)
    if isinstance(value, str):
        if field.enum is not None:  # an open enum's unknown value is its number
            known = field.enum.numbers.get(value)
            return wire.varint(int(value) if known is None else known)
        value = value.encode("utf-8", "surrogateescape")
    return value if isinstance(value, bytes) else wire.varint(int(value))


def shortest(value: float) -> float:
    """Return the shortest decimal that is `value` as a 32-bit float.

    0.1 in a binary file is 0.10000000149011612; its author wrote 0.1.
    """
    if not math.isfinite(value):
        return value
    for digits in range(1, 9):
        rounded = float(f"{value:.{digits}g}")
        try:
            if struct.unpack("<f", struct.pack("<f", rounded))[0] == value:
                return rounded
        except OverflowError:  # rounded up beyond the largest float
            continue
    return float(f"{value:.9g}")


class _Reader:
    """One pass over the structure of a buffer.

    No message of the schema contains one of its own type, which bounds the depth.
    """

    def __init__(self, source: BinarySource, buffer: memoryview, notes: Notes) -> None:
        self.source = source
        self.buffer = buffer
        self.notes = notes

    def read(self, message: Message, start: int, end: int) -> None:
        """Add to `message` the fields in `buffer[start:end]`."""
        descriptor = message.descriptor
        assert descriptor is not None
        for found in wire.fields(self.buffer, start, end):
            field = descriptor.by_number.get(found.number)
            if field is None or not _fits(field, found):
                text = f"unknown field number {found.number} of {descriptor.name}"
                self.notes.add(text, message)
            elif field.type == "message":
                self.message(message, field, found)
            elif descriptor.name != "BlobProto" or field.name not in NUMBERS:
                self.scalars(message, field, found)

    def message(self, outer: Message, field: Field, found: wire.WireField) -> None:
        """Read a message in a field; one that is repeated adds to the first."""
        entries = outer.fields.setdefault(field.name, [])
        if field.repeated or not entries:
            entries.append((Message(field.message, self.source, found.start), found.start))
        inner = entries[-1][0]
        assert isinstance(inner, Message)
        self.read(inner, found.start, found.end)

    def scalars(self, message: Message, field: Field, found: wire.WireField) -> None:
        """Read a field, packed or not; of a repeated optional field the last value counts."""
        values = self.values(message, field, found)
        entries: list[Entry] = [(value, found.start) for value in values]
        if entries and field.repeated:
            message.fields.setdefault(field.name, []).extend(entries)
        elif entries:
            message.fields[field.name] = entries

    def values(self, message: Message, field: Field, found: wire.WireField) -> Iterator[Value]:
        """The values in the payload of a scalar field: all that are packed, or one."""
        start, end = found.start, found.end
        if field.type == "string":
            yield str(self.buffer[start:end], "utf-8", "surrogateescape")
        elif field.type == "bytes":
            yield bytes(self.buffer[start:end])
        elif field.type in ("float", "double"):
            size = wire.FIXED[_WIRE_TYPES[field.type]]
            if (end - start) % size:
                raise wire.WireError(f"field {found.number} holds a part of a number", start)
            for place in range(start, end, size):
                if field.type == "float":
                    yield shortest(wire.float32(self.buffer, place))
                else:
                    yield wire.float64(self.buffer, place)
        else:
            for number in wire.packed_varints(self.buffer, start, end):
                yield from self.whole(message, field, number)

    def whole(self, message: Message, field: Field, number: int) -> Iterator[Value]:
        """A varint as a value of the field; for an enum's unknown number only a note."""
        if field.type == "bool":
            yield bool(number)
        elif field.type == "uint32":
            yield number & 0xFFFF_FFFF
        elif field.type == "uint64":
            yield number
        else:
            number = wire.signed(number, 64 if field.type == "int64" else 32)
            enum = field.enum
            if enum is None:
                yield number
            elif number in enum.names or enum.name in OPEN_ENUMS:
                yield enum.names.get(number, str(number))
            else:
                self.notes.add(f"unknown value {number} of {enum.name}", message)


def _fits(field: Field, found: wire.WireField) -> bool:
    """Whether the wire type fits the field; if not, protobuf treats it as unknown, too."""
    wire_type = _WIRE_TYPES.get(field.type, VARINT)
    packed = field.repeated and wire_type != LENGTH and found.wire_type == LENGTH
    return found.wire_type == wire_type or packed
