"""Single values of protobuf's text format: the value of a token in a field of a given type."""

from __future__ import annotations

import re

from caffetools.proto.message import Value, Word
from caffetools.proto.schema import Field

_LIMITS = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
_INTEGER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|\d+)\Z", re.ASCII)
_NOT_DECIMAL = re.compile(r"0[0-9xX]")
_BOOLEANS = {
    **dict.fromkeys(("true", "True", "t"), True),
    **dict.fromkeys(("false", "False", "f"), False),
}
_SPECIAL = ("inf", "infinity", "nan")
_ESCAPE = re.compile(
    rb"""\\(?: ([0-7]{1,3})
           |   [xX]([0-9a-fA-F]{1,2})
           |   u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})  # one character in two
           |   (?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))
           |   (.) )""",
    re.DOTALL | re.VERBOSE,
)
OPEN_ENUMS = {"V1LayerParameter.LayerType"}
"""Enums with unknown values: an unknown layer type is reported with the layer, in V1 and V2."""
_SIMPLE = {
    b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v",
    b"\\": b"\\", b"'": b"'", b'"': b'"', b"?": b"?",
}  # fmt: skip


def shown(token: str) -> str:
    """Quote a token in a message: short, and on one line."""
    return ascii(token if len(token) <= 40 else token[:37] + "...")


def read_known(field: Field, token: str) -> Value:
    """Read an unquoted token, a number or a word, possibly with a minus sign.

    Raises ValueError for a value that the field cannot hold.
    """
    kind = field.type
    if kind in _LIMITS:
        return _integer(token, kind)
    if kind in ("float", "double"):
        return _float(token)
    if kind == "bool":
        return _boolean(token)
    if kind == "enum":
        return _enum(field, token)
    raise ValueError(f"expected a string in quotes, found {shown(token)}")


def read_known_string(field: Field, parts: list[str]) -> str | bytes:
    """Read adjacent quoted tokens; raises ValueError for a field of another type."""
    if field.type == "string":
        return unquote(parts)
    if field.type == "bytes":
        return unquote(parts).encode("utf-8", "surrogateescape")
    expected = "a word" if field.type in ("enum", "bool") else "a number"
    raise ValueError(f"expected {expected} without quotes, found the string {shown(parts[0])}")


def read_unknown(token: str) -> Value:
    """Read an unquoted token of a field of unknown type: a number if it looks like one."""
    if _INTEGER.match(token):
        return _integer(token, "int64")
    if token[-1] in "0123456789.fF" and token[0] in "-.0123456789":
        return _float(token)
    return Word(token)


def _integer(token: str, kind: str) -> int:
    if len(token) < 10 and token.isdecimal() and token[0] != "0":  # as most are, and in range
        return int(token)
    if not _INTEGER.match(token):
        raise ValueError(f"expected an integer, found {shown(token)}")
    digits = token.lstrip("-")
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
    low, high = _LIMITS[kind]
    try:
        value = int(token, base) if len(token) < 30 else high + 1
    except ValueError:
        raise ValueError(f"{shown(token)} is not an octal number") from None
    if kind[0] == "u" and token[0] == "-":
        raise ValueError(f"expected an integer that is not negative, found {shown(token)}")
    if not low <= value <= high:
        raise ValueError(f"{shown(token)} is out of range for {kind}")
    return value


def _boolean(token: str) -> bool:
    if token in _BOOLEANS:
        return _BOOLEANS[token]
    if _INTEGER.match(token) and _integer(token, "uint64") <= 1:
        return _integer(token, "uint64") == 1
    raise ValueError(f"expected true or false, found {shown(token)}")


def _float(token: str) -> float:
    unsigned = token.lstrip("-")
    if unsigned.lower() in _SPECIAL:
        return float(token)
    if _NOT_DECIMAL.match(unsigned):  # what looks octal, and hexadecimal, is for integers
        raise ValueError(f"expected a decimal number, found {shown(token)}")
    try:
        return float(token.rstrip("fF"))
    except ValueError:
        raise ValueError(f"expected a number, found {shown(token)}") from None


def _enum(field: Field, token: str) -> str:
    enum = field.enum
    assert enum is not None
    if token in enum.numbers:
        return token
    if _INTEGER.match(token):
        number = _integer(token, "int32")
        if number in enum.names:
            return enum.names[number]
    elif enum.name in OPEN_ENUMS:
        return token
    names = list(enum.numbers)
    listed = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    raise ValueError(f"expected one of {listed}, found {shown(token)}")


def unquote(parts: list[str]) -> str:
    """Join adjacent quoted tokens. Escapes are bytes; raises ValueError for an invalid one."""
    if "\\" not in "".join(parts):
        return "".join([part[1:-1] for part in parts])
    encoded = (part[1:-1].encode("utf-8", "surrogateescape") for part in parts)
    data = b"".join(_ESCAPE.sub(_unescape, part) for part in encoded)
    return data.decode("utf-8", "surrogateescape")


def _unescape(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, high, low, short, long, simple = match.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if high:
        return bytes.fromhex((high + low).decode()).decode("utf-16-be").encode()
    if short or long:
        code = int(short or long, 16)
        if code > 0x10FFFF:
            raise ValueError(f"there is no character U+{code:X}")
        return chr(code).encode("utf-8", "surrogatepass")
    if simple not in _SIMPLE:
        raise ValueError(f"there is no escape {shown(chr(92) + simple.decode('latin-1'))}")
    return _SIMPLE[simple]
