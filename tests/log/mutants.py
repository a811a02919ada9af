"""Damaged logs: every way in which we know a log to be broken, drawn at random from a seed."""

from __future__ import annotations

import gzip
import lzma
import random
from collections.abc import Callable

_TRASH = (
    b"\x00",
    b"\xff\xfe",
    b"\r",
    b"\x1b[31m",
    b"\xc2\xa0",
    b"&lt;",
    b"] ",
    b"nan",
    b"-inf",
    b"99999999999999999999",
    b"I0230 25:61:99.999999 99999999 net.cpp:99999999] ",
    b"F0101 00:00:00.000000 1 x.cpp:1] ",
    b"Log file created at: 9999/12/31 23:59:59\n",
    b"Iteration 99999999999, loss = 1e999\n",
    b"Top shape: 99999999 99999999 (1)\n",
    b"layer {",
    b"}",
    b"\xe2\x80\xa8",
)


def mutant(data: bytes, seed: int) -> bytes:
    """`data` with one to three injuries."""
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        data = chance.choice(_INJURIES)(data, chance)
    return data


def _flip_bytes(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 200)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return chance.choice((data[:start], data[end:], data[:start] + data[end:], data[start:end]))


def _insert_trash(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 5, 50))):
        at = chance.randrange(len(data) + 1)
        data = data[:at] + chance.choice(_TRASH) + data[at:]
    return data


def _shuffle(data: bytes, chance: random.Random) -> bytes:
    texts = data.splitlines(keepends=True)
    start, end = sorted(chance.randrange(len(texts) + 1) for _ in range(2))
    part = texts[start:end]
    chance.shuffle(part)
    return b"".join(texts[:start] + part + texts[end:])


def _drop_lines(data: bytes, chance: random.Random) -> bytes:
    share = chance.choice((0.01, 0.1, 0.5, 0.9))
    return b"".join(text for text in data.splitlines(keepends=True) if chance.random() > share)


def _double(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    part = data[start:end]
    return data[:start] + part * chance.choice((2, 5)) + data[end:]


def _long_line(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    text = chance.choice((b"x", b"] ", b"Iteration ", b"layer { ", b"I0101 00:00:00.0 1 a:1] "))
    return data[:at] + text * (chance.choice((1_000, 100_000, 2_000_000)) // len(text)) + data[at:]


def _join_lines(data: bytes, chance: random.Random) -> bytes:
    return data.replace(b"\n", chance.choice((b"", b"\r", b"\r\n", b" ", b"\n\n")))


def _compress(data: bytes, chance: random.Random) -> bytes:
    packed = chance.choice((gzip.compress, lzma.compress))(data)
    return packed if chance.random() < 0.3 else packed[: chance.randrange(len(packed) + 1)]


_INJURIES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip_bytes,
    _cut,
    _insert_trash,
    _insert_trash,
    _shuffle,
    _drop_lines,
    _double,
    _long_line,
    _join_lines,
    _compress,
)
