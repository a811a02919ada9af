"""Damaged nets: every way in which we know a file to be broken, drawn at random from a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_TOKEN = re.compile(rb"[A-Za-z_]\w*|[-+.\w]+|\"[^\"\n]*\"|\S")
_NUMBER = re.compile(rb"\b\d+\b")
_NAME = re.compile(rb'(bottom|top|name): "([^"]*)"')
_SIZES = (
    b"0",
    b"-1",
    b"1",
    b"2147483647",
    b"2147483648",
    b"4294967295",
    b"4294967296",
    b"99999999999999999999",
    b"-2147483648",
    b"1e30",
    b"nan",
    b"inf",
    b"-0.0",
    b"0x7fffffff",
    b"0777",
    b"1.5",
    b"32",
    b"1000000",
)
_TRASH = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r",
    b"<<<<<<< HEAD\n",
    b"=======\n",
    b">>>>>>> theirs\n",
    b"${batch}",
    b"{{ name }}",
    b"}",
    b"{",
    b"<",
    b">",
    b"[",
    b"]",
    b'"',
    b"'",
    b"\\",
    b"#",
    b":",
    b",",
    b"\xf0\x9f\x92\xa9",
    b"\x1b[31m",
    b"\xe2\x80\xa8",
    b'input: "x" ',
    b"layers { } ",
    b"layer { } ",
)


def mutant(data: bytes, seed: int) -> bytes:
    """`data` with one to three injuries."""
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        data = chance.choice(_INJURIES)(data, chance)
    return data


def _flip_bytes(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return chance.choice((data[:start], data[end:], data[:start] + data[end:], data[start:end]))


def _insert_trash(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(_TRASH) * chance.choice((1, 1, 2, 300)) + data[at:]


def _binary_trash(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return chance.choice((data[:at], b"")) + chance.randbytes(chance.randint(1, 4000))


def _token(data: bytes, chance: random.Random) -> bytes:
    """Drop, double, swap or replace a token by another of the file."""
    tokens = list(_TOKEN.finditer(data))
    if len(tokens) < 2:
        return data
    one, other = (chance.choice(tokens) for _ in range(2))
    new = chance.choice((b"", one[0] * 2, one[0] + b" " + one[0], other[0]))
    return data[: one.start()] + new + data[one.end() :]


def _size(data: bytes, chance: random.Random) -> bytes:
    numbers = list(_NUMBER.finditer(data))
    if not numbers:
        return data
    one = chance.choice(numbers)
    return data[: one.start()] + chance.choice(_SIZES) + data[one.end() :]


def _rewire(data: bytes, chance: random.Random) -> bytes:
    """Name a blob or a layer as another: cycles, doubled tops, unknown bottoms, sharing."""
    names = list(_NAME.finditer(data))
    if not names:
        return data
    one, other = (chance.choice(names) for _ in range(2))
    return data[: one.start(2)] + other[2] + data[one.end(2) :]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    """A part of the file many times over, up to 2 MB in all."""
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    part = data[start:end][: chance.choice((20, 200, 2_000))]
    times = min(chance.choice((2, 10, 1_000, 100_000)), 2_000_000 // (len(part) or 1))
    return data[:start] + part * times + data[start:]


def _nest(data: bytes, chance: random.Random) -> bytes:
    depth = chance.choice((10, 99, 101, 1_000, 100_000))
    opened = chance.choice((b"layer {", b"a {", b"a <", b"a: [", b"a: {", b"include {"))
    at = chance.randrange(len(data) + 1)
    return data[:at] + opened * depth + chance.choice((b"", b"}" * depth)) + data[at:]


_INJURIES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip_bytes,
    _cut,
    _insert_trash,
    _binary_trash,
    _token,
    _token,
    _size,
    _size,
    _rewire,
    _repeat,
    _nest,
)
