from __future__ import annotations

import gzip
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.log.text import LONGEST_LINE, LogText, clean, decoded, whole_lines

LOG = "I0721 10:38:15.326920  4692 net.cpp:74] Creating Layer conv1\nrest\n" * 3


def text_of(data: bytes) -> str:
    return "".join(LogText(io.BytesIO(data)).chunks())


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_compressed_data_is_known_by_its_first_bytes(pack: Callable[[bytes], bytes]) -> None:
    assert text_of(pack(LOG.encode())) == LOG


def test_members_of_gzip_follow_each_other() -> None:
    assert text_of(gzip.compress(b"one\n") + gzip.compress(b"two\n")) == "one\ntwo\n"


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_data_that_is_cut_short_gives_what_there_is(pack: Callable[[bytes], bytes]) -> None:
    lines = "".join(f"{i * i * 7919 % 10007}\n" for i in range(50_000))
    packed = pack(lines.encode())
    log = LogText(io.BytesIO(packed[: len(packed) // 2]))
    found = "".join(log.chunks())
    assert log.cut_short
    assert found
    assert lines.startswith(found)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_broken_data_is_an_error(pack: Callable[[bytes], bytes]) -> None:
    packed = bytearray(pack(LOG.encode() * 1000))
    packed[20:60] = bytes(40)
    with pytest.raises(CaffeToolsError, match=r"the compressed data is broken"):
        text_of(bytes(packed))


@pytest.mark.parametrize(
    ("name", "message"), [("none.log", "no such file"), (".", "this is a directory")]
)
def test_what_cannot_be_read(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message):
        LogText(tmp_path / name)


def test_a_path_names_the_log(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_text(LOG)
    log = LogText(path)
    assert log.name == str(path)
    assert "".join(log.chunks()) == LOG


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xff\xfea\x00\n\x00", "a\n"),
        (b"\xfe\xff\x00a\x00\n", "a\n"),
        (("x" * 40 + "\n").encode("utf-16-le"), "x" * 40 + "\n"),
        (("x" * 40 + "\n").encode("utf-16-be"), "x" * 40 + "\n"),
        ("\u5377\u79ef\n".encode(), "\u5377\u79ef\n"),
        (b"\xef\xbb\xbfa\n", "a\n"),
        (b"caf\xe9\n", "caf\ufffd\n"),
        (b"", ""),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    assert text_of(data) == text


def test_a_character_may_lie_across_two_blocks() -> None:
    assert "".join(decoded([b"\xe5\x8d", b"\xb7\n"])) == "\u5377\n"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a\r\nb\r\n", "a\nb\n"),
        ("10%\r20%\r\n", "10%\n20%\n"),
        ("\x1b[32mIteration 0\x1b[0m\n", "Iteration 0\n"),
        ("\x1b]0;title\x07a\x1b(B\n", "a(B\n"),
        ("a\0\0b\n", "ab\n"),
        ("a\u00a0b\u3000c\u200b\n", "a b c\n"),
        ("conv1 &lt;- data&nbsp;\nconv1 -&gt; conv1\n", "conv1 <- data \nconv1 -> conv1\n"),
        ("a & b; &unknown;\n", "a & b; &unknown;\n"),
    ],
)
def test_clean(raw: str, text: str) -> None:
    assert clean(raw) == text


@given(st.text("a\r\n", max_size=40), st.lists(st.integers(1, 5), min_size=1, max_size=40))
def test_pieces_make_no_difference(text: str, sizes: list[int]) -> None:
    pieces, rest = [], text
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    found = list(whole_lines([*pieces, rest]))
    assert "".join(found) == clean(text)
    assert all(piece.endswith("\n") for piece in found[:-1])


def test_of_an_endless_line_the_start_is_kept() -> None:
    pieces = ["x" * 1_000_000] * 10
    found = "".join(whole_lines([*pieces, "end\nnext\n"]))
    assert len(found) < LONGEST_LINE + 1_000_100
    assert found.endswith("end\nnext\n")


def test_a_notebooks_lines() -> None:
    log = 'I0721 10:38:15.326920  4692 net.cpp:49] "a\\b":\n  name: "é\t☃𝄞"\n\nlast'
    strings = ",\n    ".join(map(json.dumps, log.splitlines(keepends=True)))
    text = f' {{\n  "text": [\n    {strings}\n  ]\n }}\n'
    assert clean(text) == f' {{\n  "text": [\n{log}\n  ]\n }}\n'


@pytest.mark.parametrize(
    ("line", "cleaned"),
    [
        ('"a\\n"\n', "a\n"),
        ('"a\\n\\nb\\n",\n', "a\n\nb\n"),
        ('"\\ud834\\n",\n', "?\n"),
        ('"\\x\\n",\n', '"\\x\\n",\n'),
        ('name: "a\\n"\n', 'name: "a\\n"\n'),
        ('x "a\\n",\n', 'x "a\\n",\n'),
        ('"a" "b\\n",\n', '"a" "b\\n",\n'),
    ],
)
def test_what_is_no_line_of_a_notebook(line: str, cleaned: str) -> None:
    assert clean(line) == cleaned
