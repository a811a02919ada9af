"""Protobuf's wire format without a schema: read in a buffer without copies, and written.

A `.caffemodel` is hundreds of megabytes of weights around a few kilobytes of structure. `fields`
visits the structure: it yields the position of each payload and skips it in one step.
Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

VARINT: Final = 0
FIXED64: Final = 1
LENGTH: Final = 2
GROUP_START: Final = 3
GROUP_END: Final = 4
FIXED32: Final = 5

FIXED: Final = {FIXED32: 4, FIXED64: 8}
"""Bytes of the wire types of fixed size."""

LONGEST_VARINT: Final = 10
"""Bytes: 64 bits, seven to a byte."""

DEEPEST_GROUP: Final = 100
"""Maximum depth of groups inside groups, as in Google's own parsers."""


class WireError(ValueError):
    """Bytes that are not a protobuf message.

    `offset` is the index into the buffer at which reading stopped.
    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset

    def __str__(self) -> str:
        return f"{self.message} (byte {self.offset})"


class WireField(NamedTuple):
    """One field and its position in the buffer."""

    number: int
    wire_type: int
    value: int
    "The value of a VARINT (unsigned, 64 bits), otherwise 0."
    start: int
    "Start of the payload: the varint, the four or eight bytes, or what follows the length."
    end: int
    "End of the payload (exclusive)."


def read_varint(buffer: memoryview, position: int, end: int) -> tuple[int, int]:
    """Return the unsigned number at `position` and the position after it."""
    value = shift = 0
    for index in range(position, min(position + LONGEST_VARINT, end)):
        byte = buffer[index]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, index + 1
        shift += 7
    if end - position < LONGEST_VARINT:
        raise WireError("the file ends inside a number", position)
    raise WireError(f"a number of more than {LONGEST_VARINT} bytes", position)


def signed(value: int, bits: int = 64) -> int:
    """Read an unsigned varint as protobuf's `int32` or `int64` (two's complement)."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def packed_varints(buffer: memoryview, start: int, end: int) -> Iterator[int]:
    """Iterate over the unsigned numbers of the packed field in `buffer[start:end]`."""
    while start < end:
        value, start = read_varint(buffer, start, end)
        yield value


def float32(buffer: memoryview, start: int) -> float:
    """Read the `float` in the four bytes at `start`."""
    value: float = struct.unpack_from("<f", buffer, start)[0]
    return value


def float64(buffer: memoryview, start: int) -> float:
    """Read the `double` in the eight bytes at `start`."""
    value: float = struct.unpack_from("<d", buffer, start)[0]
    return value


def text(buffer: memoryview, field: WireField) -> str:
    """Read a field as text; bytes that are not UTF-8 become lone surrogates."""
    return str(buffer[field.start : field.end], "utf-8", "surrogateescape")


def fields(buffer: memoryview, start: int = 0, end: int | None = None) -> Iterator[WireField]:
    """Visit the fields of the message in `buffer[start:end]`, in order.

    A group is one field, its payload the bytes between its two marks. Raises `WireError` at the
    first byte that cannot be part of a message, after the fields before it.
    """
    position = start
    end = len(buffer) if end is None else end
    while position < end:
        field, position = _field(buffer, position, end, 0)
        if field.wire_type == GROUP_END:
            raise WireError(f"the end of a group {field.number} without its start", field.start)
        yield field


def _field(buffer: memoryview, position: int, end: int, depth: int) -> tuple[WireField, int]:
    """Return the field that begins at `position`, and the position after it."""
    tag_position = position
    tag, position = read_varint(buffer, position, end)
    number, wire_type = tag >> 3, tag & 7
    if not 0 < number < 1 << 29:
        raise WireError(f"field number {number}, which no message has", tag_position)
    start, value = position, 0
    if wire_type == VARINT:
        value, position = read_varint(buffer, position, end)
    elif wire_type == LENGTH:
        length, start = read_varint(buffer, position, end)
        position = start + length
    elif wire_type == GROUP_START:
        stop, position = _group(buffer, position, end, number, depth + 1)
        return WireField(number, wire_type, 0, start, stop), position
    elif wire_type in FIXED:
        position += FIXED[wire_type]
    elif wire_type != GROUP_END:
        raise WireError(f"wire type {wire_type}, which no field has", tag_position)
    if position > end:
        claimed, left = position - start, end - start
        text = f"field {number} claims {claimed} bytes where {left} are left"
        raise WireError(text, tag_position)
    return WireField(number, wire_type, value, start, position), position


def _group(buffer: memoryview, position: int, end: int, number: int, depth: int) -> tuple[int, int]:
    """Return where the group's payload ends and the position after its end mark."""
    if depth > DEEPEST_GROUP:
        raise WireError(f"more than {DEEPEST_GROUP} groups inside each other", position)
    while position < end:
        stop = position
        field, position = _field(buffer, position, end, depth)
        if field.wire_type == GROUP_END:
            if field.number != number:
                raise WireError(f"group {number} ends as group {field.number}", stop)
            return stop, position
    raise WireError(f"the file ends inside group {number}", position)


def varint(value: int) -> bytes:
    """Encode an integer; a negative one as 64 bits in two's complement."""
    value &= 0xFFFF_FFFF_FFFF_FFFF
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def tag(number: int, wire_type: int) -> bytes:
    """Encode the number and the wire type of a field, which precede its payload."""
    return varint(number << 3 | wire_type)


def length_prefix(number: int, length: int) -> bytes:
    """Encode what precedes a payload of `length` bytes."""
    return tag(number, LENGTH) + varint(length)


def integer_field(number: int, value: int) -> bytes:
    """Encode a field with an integer, a bool or an enum."""
    return tag(number, VARINT) + varint(value)


def bytes_field(number: int, data: bytes) -> bytes:
    """Encode a field with a message, bytes or packed numbers."""
    return length_prefix(number, len(data)) + data


def string_field(number: int, value: str) -> bytes:
    """Encode a field with a string."""
    return bytes_field(number, value.encode("utf-8", "surrogateescape"))


def single(value: float) -> float:
    """Round to single precision; out of range becomes infinite."""
    try:
        rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded
