"""The lines that come: of a file that grows, is cut or replaced, and of a pipe."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.log import tail as module
from caffetools.log.tail import Pipe, Tail
from caffetools.log.text import CHUNK
from tests.logs import add


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.log"


@pytest.fixture
def tail(path: Path) -> Iterator[Tail]:
    with closing(Tail(str(path))) as found:
        yield found


def test_whole_lines_are_read_once(path: Path, tail: Tail) -> None:
    assert tail.read() == ""
    path.write_bytes(b"one\ntw")
    assert [tail.read(), tail.read()] == ["one\n", ""]
    add(path, b"o\r\nthree\n")
    assert [tail.read(), tail.read()] == ["two\nthree\n", ""]


def test_much_is_read_in_parts(path: Path, tail: Tail) -> None:
    path.write_bytes(b"0123456\n" * CHUNK)
    parts = list(iter(tail.read, ""))
    assert "".join(parts) == "0123456\n" * CHUNK
    assert {len(part) for part in parts} == {CHUNK}


def test_what_was_read_is_not_read_again(path: Path, tail: Tail) -> None:
    path.write_bytes(b"one\n")
    assert tail.read() == "one\n"
    path.write_bytes(b"ONE\ntwo\n")
    assert tail.read() == "two\n"


def test_a_line_without_an_end_is_passed_over(path: Path, tail: Tail) -> None:
    path.write_bytes(b"x" * (CHUNK + 5))
    assert [len(tail.read()), tail.read()] == [CHUNK, ""]
    add(path, b"\ntwo\n")
    assert tail.read() == "xxxxx\ntwo\n"


def test_a_file_that_was_cut_is_read_from_its_start(path: Path, tail: Tail) -> None:
    path.write_bytes(b"one\ntwo\n")
    tail.read()
    path.write_bytes(b"1\n")
    assert [tail.read(), tail.read()] == ["1\n", ""]


def test_another_file_in_its_place_is_read_after_the_rest(path: Path, tail: Tail) -> None:
    path.write_bytes(b"one\n")
    tail.read()
    os.rename(path, path.with_suffix(".1"))
    add(path.with_suffix(".1"), b"two\n")
    assert [tail.read(), tail.read()] == ["two\n", ""]
    path.write_bytes(b"three\n")
    assert [tail.read(), tail.read()] == ["three\n", ""]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused(path: Path, tail: Tail, make: Callable[[Path], None]) -> None:
    make(path)
    with pytest.raises(CaffeToolsError) as found:
        tail.read()
    assert str(found.value) == f"{path}: this is no regular file, it cannot be followed"


def test_what_cannot_be_a_path_is_refused() -> None:
    with pytest.raises(CaffeToolsError, match="cannot be read: "):
        Tail("a\0b").read()


def test_what_is_compressed_is_refused(path: Path, tail: Tail) -> None:
    path.write_bytes(gzip.compress(b"one\n"))
    with pytest.raises(CaffeToolsError) as found:
        tail.read()
    assert str(found.value) == f"{path}: this is compressed, it cannot be followed"


def test_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 8)
    ours, theirs = os.pipe()
    pipe = Pipe(ours)
    for data, told in (
        (b"one\ntw", "one\n"),
        (b"o\r\n", "two\n"),
        (b"three", ""),
        (b"four", "threefour"),  # nine characters without an end: no line
        (b"\nfive\n", "\nfive\n"),
        (b"end", ""),
    ):
        os.write(theirs, data)
        assert (pipe.read(), pipe.is_ended) == (told, False)
    os.close(theirs)
    assert (pipe.read(), pipe.is_ended) == ("end", True)
    os.close(ours)
    with pytest.raises(CaffeToolsError, match="<stdin>: cannot be read: "):
        pipe.read()
