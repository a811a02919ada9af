from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.proto import wire
from caffetools.proto.encode import integer, message, string, varint


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
def test_varint(value: int, data: bytes) -> None:
    assert varint(value) == data


@given(st.integers(1, 2**29 - 1), st.integers(-(2**63), 2**63 - 1))
def test_integers_are_read_back(number: int, value: int) -> None:
    (field,) = wire.fields(memoryview(integer(number, value)))
    assert (field.number, wire.signed(field.value)) == (number, value)


@given(st.integers(1, 2**29 - 1), st.binary(max_size=300))
def test_messages_are_read_back(number: int, data: bytes) -> None:
    written = message(number, data)
    (field,) = wire.fields(memoryview(written))
    assert (field.number, written[field.start : field.end]) == (number, data)


def test_string() -> None:
    assert string(1, "é\udcff") == b"\x0a\x03\xc3\xa9\xff"
