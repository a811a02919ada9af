"""Offsets to lines and columns, and files that cannot be read."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError, Location, PrototxtError
from caffetools.proto.source import BinarySource, Source, decode, read_bytes, shown_name


@pytest.mark.parametrize(
    ("text", "offset", "line", "column"),
    [
        ("abc", 0, 1, 1),
        ("abc", 2, 1, 3),
        ("abc", 3, 1, 4),
        ("a\nb", 1, 1, 2),
        ("a\nb", 2, 2, 1),
        ("a\r\nb", 2, 1, 3),
        ("a\r\nb", 3, 2, 1),
        ("a\rb", 2, 2, 1),
        ("a\n\rb", 2, 2, 1),
        ("a\n\rb", 3, 3, 1),
        ("a\n", 2, 2, 1),
        ("\ta", 1, 1, 2),
        ("\u5377a", 1, 1, 2),
        ("", 0, 1, 1),
    ],
)
def test_location(text: str, offset: int, line: int, column: int) -> None:
    assert Source("net", text).location(offset) == Location("net", line, column)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a", ["a"]),
        ("a\nbc\n", ["a", "bc", ""]),
        ("a\r\n\r\nb", ["a", "", "b"]),
        ("a\rb", ["a", "b"]),
    ],
)
def test_line(text: str, lines: list[str]) -> None:
    source = Source("net", text)
    source.location(0)
    assert [source.line(number) for number in range(1, len(lines) + 1)] == lines


@given(st.text("ab\r\n", max_size=12), st.data())
def test_a_location_is_where_its_line_says(text: str, data: st.DataObject) -> None:
    source = Source("net", text + "x")
    offset = data.draw(st.integers(0, len(text)))
    location = source.location(offset)
    assert location.line is not None
    assert location.column is not None
    line = source.line(location.line)
    character = (line + "\r\n")[location.column - 1]
    if source.text[offset] not in "\r\n":
        assert character == source.text[offset]
    else:
        assert location.column > len(line)


def test_an_error_shows_its_line() -> None:
    error = Source("net", "a\n  b: c\n").error("no c", 4, PrototxtError)
    assert isinstance(error, PrototxtError)
    assert (error.message, error.location, error.excerpt) == ("no c", ("net", 2, 3), "  b: c")


def test_a_placed_error_stays_where_it_is() -> None:
    place = Location("other", 1, 1)
    error = CaffeToolsError("no c", place)
    assert Source("net", "abc").place(error, 2) is error
    assert (error.location, error.excerpt) == (place, None)


def test_a_binary_has_no_lines() -> None:
    error = BinarySource("net.caffemodel").error("no c", 7)
    assert (error.location, error.excerpt) == (("net.caffemodel", None, None), None)


def test_read_bytes(tmp_path: Path) -> None:
    path = tmp_path / "net"
    path.write_bytes(b"\x00\xff")
    assert read_bytes(path) == b"\x00\xff"
    assert read_bytes(str(path)) == b"\x00\xff"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\x00\xff")))
    assert read_bytes("-") == b"\x00\xff"
    assert shown_name("-") == "<stdin>"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "no such file"),
        (".", "this is a directory, not a file"),
        ("a\0b", "cannot be read: embedded null byte"),
        ("n" * 5000, "cannot be read: File name too long"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, message: str) -> None:
    path = f"{tmp_path}/{name}"
    with pytest.raises(CaffeToolsError) as caught:
        read_bytes(path)
    assert (caught.value.message, caught.value.location) == (message, Location(path))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"caf\xc3\xa9", "caf\u00e9"),
        (b"\xef\xbb\xbfname", "name"),
        (b"caf\xe9", "caf\udce9"),
    ],
)
def test_decode(data: bytes, text: str) -> None:
    assert decode("net", data).text == text
    assert decode("net", data).name == "net"


@given(st.binary(max_size=20))
def test_decoded_text_can_be_written_back(data: bytes) -> None:
    written = decode("net", data).text.encode("utf-8", "surrogateescape")
    assert written == data.removeprefix(b"\xef\xbb\xbf")
