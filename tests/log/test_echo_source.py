"""A log told from a net."""

from __future__ import annotations

import gzip
import lzma

import pytest

from caffetools.errors import Location
from caffetools.log.echo_source import EchoSource, is_log
from tests.logs import line, net_log


@pytest.mark.parametrize(
    "head",
    [
        line("Top shape: 1", "net.cpp:1").encode(),
        b"some program's words: 'x\n" + line("Solving a").encode(),
        b"12  " + line("Solving a").encode(),
        b"I20230721 10:38:15.326920  4692 net.cpp:125] a\n",
        "1. I0721 10:38:15.326920  4692 net.cpp:125] Top".replace(" ", "\xa0").encode(),
        b'  "I0721 10:38:15.326920  4692 net.cpp:125] Top\\n",',
        gzip.compress(b"x", mtime=0),
        lzma.compress(b"x"),
    ],
)
def test_logs(head: bytes) -> None:
    assert is_log(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b'name: "n"\n',
        b"# " + line("Top shape: 1", "net.cpp:1").encode(),
        b'name: "' + line("a").encode() + b'"',
        b"name: '" + line("a").encode() + b"'",
        b"\x0a\x04I0721",
        b"I0721 is no prefix\n",
    ],
)
def test_others(head: bytes) -> None:
    assert not is_log(head)


def test_lines_are_the_logs_own() -> None:
    assert is_log(net_log().encode())
    source = EchoSource("log", "a\nb\n", 7, False, 0, {})
    assert source.location(2) == Location("log", 8, 1)
    assert source.line(8) == "b"
