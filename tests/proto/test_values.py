"""What a token is to a field of each type, and why not."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.proto import schema
from caffetools.proto.message import Value, Word
from caffetools.proto.schema import Field
from caffetools.proto.values import read_known, read_known_string, read_unknown, shown, unquote

FIELDS = {
    "int32": schema.message("BlobProto").fields["num"],
    "int64": schema.message("BlobShape").fields["dim"],
    "uint32": schema.message("ConvolutionParameter").fields["num_output"],
    "float": schema.message("SolverParameter").fields["base_lr"],
    "bool": schema.message("NetParameter").fields["force_backward"],
    "string": schema.message("NetParameter").fields["name"],
    "bytes": schema.message("Datum").fields["data"],
    "Phase": schema.message("NetState").fields["phase"],
    "V1": schema.message("V1LayerParameter").fields["type"],
    "uint64": Field("seed", "1", "optional", "uint64", "-", "-"),
}


@pytest.mark.parametrize(
    ("kind", "token", "value"),
    [
        ("int32", "0", 0),
        ("int32", "-0", 0),
        ("int32", "42", 42),
        ("int32", "-2147483648", -(2**31)),
        ("int32", "2147483647", 2**31 - 1),
        ("int32", "0x1F", 31),
        ("int32", "-0Xff", -255),
        ("int32", "010", 8),
        ("int32", "-017", -15),
        ("int32", "00", 0),
        ("uint32", "4294967295", 2**32 - 1),
        ("int64", "-9223372036854775808", -(2**63)),
        ("uint64", "18446744073709551615", 2**64 - 1),
        ("float", "1", 1.0),
        ("float", "-1", -1.0),
        ("float", "0", 0.0),
        ("float", ".5", 0.5),
        ("float", "0.", 0.0),
        ("float", "1e-4", 0.0001),
        ("float", "1E+4", 10000.0),
        ("float", "1f", 1.0),
        ("float", "0.5F", 0.5),
        ("float", "0f", 0.0),
        ("float", "inf", math.inf),
        ("float", "-Infinity", -math.inf),
        ("float", "99999999999999999999999", 99999999999999999999999.0),
        ("bool", "true", True),
        ("bool", "True", True),
        ("bool", "t", True),
        ("bool", "1", True),
        ("bool", "0x1", True),
        ("bool", "01", True),
        ("bool", "false", False),
        ("bool", "False", False),
        ("bool", "f", False),
        ("bool", "0", False),
        ("bool", "00", False),
        ("Phase", "TEST", "TEST"),
        ("Phase", "1", "TEST"),
        ("Phase", "0x1", "TEST"),
        ("V1", "CONVOLUTION", "CONVOLUTION"),
        ("V1", "4", "CONVOLUTION"),
        ("V1", "CCCP", "CCCP"),
    ],
)
def test_known(kind: str, token: str, value: Value) -> None:
    read = read_known(FIELDS[kind], token)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("token", ["nan", "-nan", "NaN"])
def test_not_a_number(token: str) -> None:
    read = read_known(FIELDS["float"], token)
    assert isinstance(read, float)
    assert math.isnan(read)


@pytest.mark.parametrize(
    ("kind", "token", "message"),
    [
        ("int32", "2147483648", "'2147483648' is out of range for int32"),
        ("int32", "-2147483649", "'-2147483649' is out of range for int32"),
        ("int32", "1.0", "expected an integer, found '1.0'"),
        ("int32", "1f", "expected an integer, found '1f'"),
        ("int32", "one", "expected an integer, found 'one'"),
        ("int32", "inf", "expected an integer, found 'inf'"),
        ("int32", "08", "'08' is not an octal number"),
        ("int32", "9" * 5000, f"'{'9' * 37}...' is out of range for int32"),
        ("uint32", "-1", "expected an integer that is not negative, found '-1'"),
        ("uint32", "-0", "expected an integer that is not negative, found '-0'"),
        ("uint32", "4294967296", "'4294967296' is out of range for uint32"),
        ("int64", "9223372036854775808", "'9223372036854775808' is out of range for int64"),
        ("uint64", "18446744073709551616", "'18446744073709551616' is out of range for uint64"),
        ("float", "one", "expected a number, found 'one'"),
        ("float", "inff", "expected a number, found 'inff'"),
        ("float", "0x10", "expected a decimal number, found '0x10'"),
        ("float", "010", "expected a decimal number, found '010'"),
        ("float", "-00", "expected a decimal number, found '-00'"),
        ("float", "01.5", "expected a decimal number, found '01.5'"),
        ("bool", "TRUE", "expected true or false, found 'TRUE'"),
        ("bool", "yes", "expected true or false, found 'yes'"),
        ("bool", "2", "expected true or false, found '2'"),
        ("bool", "1.0", "expected true or false, found '1.0'"),
        ("Phase", "train", "expected one of TRAIN, TEST, found 'train'"),
        ("Phase", "2", "expected one of TRAIN, TEST, found '2'"),
        ("Phase", "-1", "expected one of TRAIN, TEST, found '-1'"),
        ("Phase", "1.5", "expected one of TRAIN, TEST, found '1.5'"),
        (
            "V1",
            "99",
            (
                "expected one of NONE, ACCURACY, BNLL, CONCAT, CONVOLUTION, DATA, DROPOUT,"
                " EUCLIDEAN_LOSS, ..., found '99'"
            ),
        ),
        ("string", "net", "expected a string in quotes, found 'net'"),
        ("string", "1", "expected a string in quotes, found '1'"),
        ("bytes", "net", "expected a string in quotes, found 'net'"),
    ],
)
def test_known_refuses(kind: str, token: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_known(FIELDS[kind], token)


@pytest.mark.parametrize(
    ("kind", "parts", "value"),
    [
        ("string", ['"a"'], "a"),
        ("string", ['"a"', "'b'"], "ab"),
        ("bytes", [r'"\377\0"'], b"\xff\x00"),
        ("bytes", ['"\u00e9"'], b"\xc3\xa9"),
    ],
)
def test_known_string(kind: str, parts: list[str], value: Value) -> None:
    assert read_known_string(FIELDS[kind], parts) == value


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("Phase", "expected a word without quotes, found the string '\"1\"'"),
        ("bool", "expected a word without quotes, found the string '\"1\"'"),
        ("int32", "expected a number without quotes, found the string '\"1\"'"),
        ("float", "expected a number without quotes, found the string '\"1\"'"),
    ],
)
def test_known_string_refuses(kind: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_known_string(FIELDS[kind], ['"1"'])


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("1", 1),
        ("-1", -1),
        ("0x10", 16),
        ("010", 8),
        ("1.0", 1.0),
        ("1f", 1.0),
        (".5", 0.5),
        ("-1e3", -1000.0),
        ("MAX", Word("MAX")),
        ("true", Word("true")),
        ("inf", Word("inf")),
    ],
)
def test_unknown(token: str, value: Value) -> None:
    read = read_unknown(token)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("quoted", "text"),
    [
        (r'"a"', "a"),
        (r"'a'", "a"),
        (r'""', ""),
        (r'"\a\b\f\n\r\t\v"', "\a\b\f\n\r\t\v"),
        (r'"\\\'\"\?"', "\\'\"?"),
        (r'"\101"', "A"),
        (r'"\18"', "\x018"),
        (r'"\0"', "\0"),
        (r'"\1012"', "A2"),
        (r'"\x41\X4a\x4"', "AJ\x04"),
        (r'"\x414"', "A4"),
        (r'"\303\251"', "\u00e9"),
        (r'"\u00e9\U0001F600"', "\u00e9\U0001f600"),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"\uD83Dx"', "\udced\udca0\udcbdx"),
        (r'"\377"', "\udcff"),
        (r'"\777"', "\udcff"),
        ('"caf\udce9\\n"', "caf\udce9\n"),
        ('"\u5377\\n"', "\u5377\n"),
    ],
)
def test_unquote(quoted: str, text: str) -> None:
    assert unquote([quoted]) == text


def test_an_escape_ends_with_its_string() -> None:
    assert unquote([r'"\1"', '"2"']) == "\x012"


@pytest.mark.parametrize(
    ("quoted", "message"),
    [
        (r'"\q"', r"there is no escape '\\q'"),
        (r'"\8"', r"there is no escape '\\8'"),
        (r'"\xg"', r"there is no escape '\\x'"),
        (r'"\u12"', r"there is no escape '\\u'"),
        ('"\\\n"', r"there is no escape '\\\n'"),
        (r'"\U00110000"', "there is no character U+110000"),
    ],
)
def test_unquote_refuses(quoted: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        unquote([quoted])


@given(st.binary(max_size=20))
def test_any_bytes_can_be_quoted(data: bytes) -> None:
    quoted = '"' + "".join(f"\\{byte:o}" if byte > 63 else f"\\{byte:03o}" for byte in data) + '"'
    assert unquote([quoted]).encode("utf-8", "surrogateescape") == data


def test_shown_is_short_and_on_one_line() -> None:
    assert shown("a\nb") == r"'a\nb'"
    assert shown("\u5377") == r"'\u5377'"
    assert shown("a" * 40) == f"'{'a' * 40}'"
    assert shown("a" * 41) == f"'{'a' * 37}...'"
