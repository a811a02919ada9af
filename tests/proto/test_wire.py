"""The wire walker against bytes written by hand, and against an encoder of a few lines."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.proto.wire import (
    FIXED32,
    FIXED64,
    GROUP_START,
    LENGTH,
    VARINT,
    WireError,
    WireField,
    bytes_field,
    fields,
    float32,
    float64,
    integer_field,
    packed_varints,
    read_varint,
    signed,
    single,
    string_field,
    varint,
)


def view(text: str) -> memoryview:
    return memoryview(bytes.fromhex(text))


@pytest.mark.parametrize(
    ("bytes_", "expected"),
    [
        # tag = number * 8 + wire type
        ("08 96 01", WireField(1, VARINT, 22 + 1 * 128, 1, 3)),
        ("08 ff ff ff ff ff ff ff ff ff 01", WireField(1, VARINT, 2**64 - 1, 1, 11)),
        ("12 03 61 62 63", WireField(2, LENGTH, 0, 2, 5)),
        ("1d 00 00 80 3f", WireField(3, FIXED32, 0, 1, 5)),
        ("21 00 00 00 00 00 00 f0 3f", WireField(4, FIXED64, 0, 1, 9)),
        ("2b 08 01 2c", WireField(5, GROUP_START, 0, 1, 3)),
        ("2b 33 34 2c", WireField(5, GROUP_START, 0, 1, 3)),
        ("a2 06 00", WireField(100, LENGTH, 0, 3, 3)),
    ],
)
def test_one_field(bytes_: str, expected: WireField) -> None:
    assert list(fields(view(bytes_))) == [expected]


@pytest.mark.parametrize(
    ("bytes_", "offset", "message"),
    [
        ("08", 1, "the file ends inside a number"),
        ("08 80 80", 1, "the file ends inside a number"),
        ("08 ff ff ff ff ff ff ff ff ff ff 01", 1, "a number of more than 10 bytes"),
        ("12 05 61", 0, "field 2 claims 5 bytes where 1 are left"),
        ("12 ff ff ff ff ff ff ff ff ff 01", 0, f"field 2 claims {2**64 - 1} bytes where 0"),
        ("08 01 1d 00", 2, "field 3 claims 4 bytes where 1 are left"),
        ("21 00", 0, "field 4 claims 8 bytes where 1 are left"),
        ("00 01", 0, "field number 0, which no message has"),
        ("0e", 0, "wire type 6, which no field has"),
        ("0f", 0, "wire type 7, which no field has"),
        ("2c", 1, "the end of a group 5 without its start"),
        ("2b 08 01", 3, "the file ends inside group 5"),
        ("2b 34", 1, "group 5 ends as group 6"),
        ("2b" * 101, 101, "more than 100 groups inside each other"),
    ],
)
def test_what_is_no_message(bytes_: str, offset: int, message: str) -> None:
    with pytest.raises(WireError, match=message) as error:
        list(fields(view(bytes_)))
    assert error.value.offset == offset


def test_fields_before_a_mistake_are_seen() -> None:
    walk = fields(view("08 07 12 05 61"))
    assert next(walk) == WireField(1, VARINT, 7, 1, 2)
    with pytest.raises(WireError):
        next(walk)


def test_a_part_of_a_buffer() -> None:
    outer = view("ff 0a 02 08 05 ff")
    (message,) = fields(outer, 1, 5)
    assert list(fields(outer, message.start, message.end)) == [WireField(1, VARINT, 5, 4, 5)]


def test_a_length_may_not_pass_its_parent() -> None:
    outer = view("0a 02 12 05 61 62 63 64 65")
    first = next(fields(outer))
    with pytest.raises(WireError, match="claims 5 bytes where 0 are left"):
        list(fields(outer, first.start, first.end))


@pytest.mark.parametrize(
    ("value", "bits", "expected"),
    [
        (5, 64, 5),
        (2**64 - 1, 64, -1),
        (2**64 - 1, 32, -1),
        (2**31, 32, -(2**31)),
        (2**31, 64, 2**31),
    ],
)
def test_signed(value: int, bits: int, expected: int) -> None:
    assert signed(value, bits) == expected


def test_numbers() -> None:
    assert list(packed_varints(view("03 8e 02 9e a7 05"), 0, 6)) == [3, 270, 86942]
    assert float32(view("00 00 00 c0 3f"), 1) == 1.5
    assert float64(view("00 00 00 00 00 00 f8 3f"), 0) == 1.5
    with pytest.raises(WireError):
        list(packed_varints(view("03 8e"), 0, 2))


def encode(value: int) -> bytes:
    """A varint by its definition: seven bits a byte, lowest first, top bit while more follow."""
    digits = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([*(digit | 0x80 for digit in digits[:-1]), digits[-1]])


@given(st.integers(0, 2**64 - 1), st.binary(max_size=3), st.binary(max_size=3))
def test_varint_round_trip(value: int, before: bytes, after: bytes) -> None:
    buffer = memoryview(before + encode(value) + after)
    assert read_varint(buffer, len(before), len(buffer)) == (value, len(buffer) - len(after))


numbers = st.integers(1, 2**29 - 1)
written = st.one_of(
    st.tuples(numbers, st.just(VARINT), st.integers(0, 2**64 - 1)),
    st.tuples(numbers, st.just(FIXED32), st.integers(0, 2**32 - 1)),
    st.tuples(numbers, st.just(FIXED64), st.integers(0, 2**64 - 1)),
    st.tuples(numbers, st.just(LENGTH), st.binary(max_size=40)),
)


@given(st.lists(written))
def test_what_is_written_is_read(message: list[tuple[int, int, int | bytes]]) -> None:
    raw = b""
    for number, wire_type, value in message:
        raw += encode(number * 8 + wire_type)
        if isinstance(value, bytes):
            raw += encode(len(value)) + value
        elif wire_type == VARINT:
            raw += encode(value)
        else:
            raw += value.to_bytes(4 if wire_type == FIXED32 else 8, "little")
    buffer = memoryview(raw)
    read: list[tuple[int, int, int | bytes]] = []
    for field in fields(buffer):
        payload = bytes(buffer[field.start : field.end])
        content: int | bytes = int.from_bytes(payload, "little")
        if field.wire_type == VARINT:
            content = field.value
        elif field.wire_type == LENGTH:
            content = payload
        read.append((field.number, field.wire_type, content))
    assert read == message


@given(st.binary(max_size=200))
def test_any_bytes_end_in_fields_or_an_error(raw: bytes) -> None:
    walk = fields(memoryview(raw))
    seen: list[WireField] = []
    with contextlib.suppress(WireError):
        seen.extend(walk)
    assert all(0 <= field.start <= field.end <= len(raw) for field in seen)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (0.5, 0.5),
        (2**24 + 1, 2**24),
        (1.00000001, 1.0),
        (1e-50, 0.0),
        (1e39, math.inf),
        (-1e39, -math.inf),
        (math.inf, math.inf),
    ],
)
def test_single(value: float, rounded: float) -> None:
    assert single(value) == rounded


def test_no_number() -> None:
    assert math.isnan(single(math.nan))


@given(st.floats(width=32, allow_nan=False))
def test_what_a_float_holds_stays(value: float) -> None:
    assert single(value) == value


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (0, b"\0"),
        (1, b"\1"),
        (127, b"\x7f"),
        (128, b"\x80\1"),
        (300, b"\xac\2"),
        (-1, b"\xff" * 9 + b"\1"),
    ],
)
def test_a_varint_is_encoded(value: int, data: bytes) -> None:
    assert varint(value) == data


@given(st.integers(1, 2**29 - 1), st.integers(-(2**63), 2**63 - 1))
def test_integers_are_read_back(number: int, value: int) -> None:
    (field,) = fields(memoryview(integer_field(number, value)))
    assert (field.number, signed(field.value)) == (number, value)


@given(st.integers(1, 2**29 - 1), st.binary(max_size=300))
def test_messages_are_read_back(number: int, data: bytes) -> None:
    written = bytes_field(number, data)
    (field,) = fields(memoryview(written))
    assert (field.number, written[field.start : field.end]) == (number, data)


def test_string() -> None:
    assert string_field(1, "é\udcff") == b"\x0a\x03\xc3\xa9\xff"
