"""Pieces of protobuf's wire format, written; `wire` reads them.

Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from caffetools.proto.wire import LENGTH, VARINT


def varint(value: int) -> bytes:
    """A whole number; one below 0 as 64 bits in two's complement."""
    value &= 0xFFFF_FFFF_FFFF_FFFF
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def tag(number: int, wire_type: int) -> bytes:
    """What stands before a field's payload."""
    return varint(number << 3 | wire_type)


def integer(number: int, value: int) -> bytes:
    """A field with a whole number, a bool or an enum."""
    return tag(number, VARINT) + varint(value)


def message(number: int, data: bytes) -> bytes:
    """A field with a message, bytes or packed numbers."""
    return tag(number, LENGTH) + varint(len(data)) + data


def string(number: int, text: str) -> bytes:
    """A field with a text."""
    return message(number, text.encode("utf-8", "surrogateescape"))
