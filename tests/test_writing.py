"""Files written whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError, Location
from caffetools.writing import (
    check_absent,
    format_of,
    replace_file,
    replace_files,
    replace_folder,
    write_files,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file(tmp_path: Path) -> None:
    path, plain = tmp_path / "net", tmp_path / "plain"
    plain.touch()
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert mode(path) == mode(plain)
    assert sorted(tmp_path.iterdir()) == [path, plain]


def test_a_file_that_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "net"
    path.write_bytes(b"old")
    path.chmod(0o640)
    replace_file(str(path), b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o640)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "net", tmp_path / "link"
    path.write_bytes(b"old")
    link.symlink_to("net")
    replace_file(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


def test_a_name_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    replace_file("net", b"new")
    assert (tmp_path / "net").read_bytes() == b"new"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "net"
    with pytest.raises(CaffeToolsError) as caught:
        replace_file(path, b"new")
    assert caught.value.message == "cannot be written: No such file or directory"
    assert caught.value.location == Location(str(path))


def test_a_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net"
    path.write_bytes(b"old")

    def fail(_source: str, _target: str) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(CaffeToolsError, match="cannot be written: No space left on device"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_pieces(tmp_path: Path) -> None:
    pieces: list[bytes | memoryview] = [b"a", memoryview(b"bc")]
    replace_file(tmp_path / "net", iter(pieces))
    assert (tmp_path / "net").read_bytes() == b"abc"


def test_a_piece_that_cannot_be_had_leaves_nothing(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a"
        raise CaffeToolsError("too large")

    with pytest.raises(CaffeToolsError):
        replace_file(tmp_path / "net", pieces())
    with pytest.raises(CaffeToolsError):
        replace_folder(tmp_path / "out", {"first": b"1", "second": pieces()})
    assert list(tmp_path.iterdir()) == []


def test_a_folder(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    replace_folder(tmp_path / "a" / "out", {"model.py": b"1", "sub/more.py": [b"2"]})
    out = tmp_path / "a" / "out"
    assert (out / "model.py").read_bytes() == b"1"
    assert (out / "sub" / "more.py").read_bytes() == b"2"
    assert mode(out) == mode(plain)
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_a_folder_that_is_there_keeps_what_else_is_in_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(0o700)
    (out / "mine").write_bytes(b"mine")
    (out / "model.py").write_bytes(b"old")
    replace_folder(out, {"model.py": b"new"})
    assert sorted(path.name for path in out.iterdir()) == ["mine", "model.py"]
    assert (out / "model.py").read_bytes() == b"new"
    assert mode(out) == 0o700


def test_a_folder_that_cannot_be_filled_has_no_new_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "b").mkdir(parents=True)
    (out / "b" / "inside").touch()
    with pytest.raises(CaffeToolsError) as caught:
        replace_folder(out, {"a": b"1", "b": b"2"})
    assert caught.value.location == Location(str(out))
    assert [path.name for path in out.iterdir()] == ["b"]


def test_files_in_a_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    write_files({str(folder / "x"): b"1", str(folder / "y"): b"2"}, False, str(folder))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"x": b"1", "y": b"2"}


def test_what_is_there_stays(tmp_path: Path) -> None:
    new, there = tmp_path / "new", tmp_path / "there"
    there.write_bytes(b"old")
    with pytest.raises(CaffeToolsError) as caught:
        write_files({str(new): b"1", str(there): b"2"}, force=False)
    assert str(caught.value) == f"{there}: file exists; use --force to overwrite"
    assert not new.exists()
    write_files({str(there): b"2"}, force=True)
    assert there.read_bytes() == b"2"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "folder"
    with pytest.raises(CaffeToolsError, match="this folder cannot be made: Not a directory"):
        write_files({}, force=False, folder=str(folder))


@pytest.mark.parametrize(("path", "expected"), [("a.svg", "svg"), ("a/b.c.PNG", "png")])
def test_format_of(path: str, expected: str) -> None:
    assert format_of(path) == expected


@pytest.mark.parametrize(("path", "found"), [("a.jpg", ".jpg"), ("svg", "none"), ("", "none")])
def test_other_formats_are_refused(path: str, found: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        format_of(path)
    assert caught.value.message == (
        f"file extension expected one of .svg, .png, .pdf, found {found}"
    )


def test_files_replace_older_ones_all_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"old")

    def pieces() -> Iterator[bytes]:
        yield b"a"
        raise CaffeToolsError("too large")

    with pytest.raises(CaffeToolsError, match="too large"):
        replace_files({str(first): b"new", str(second): pieces()})
    assert first.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [first]
    replace_files({str(first): b"new", str(second): b"2"})
    assert (first.read_bytes(), second.read_bytes()) == (b"new", b"2")


def test_only_regular_files_are_replaced(tmp_path: Path) -> None:
    """A FIFO or a device would be removed, and a program that reads it would wait for ever."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    link = tmp_path / "link"
    link.symlink_to(os.devnull)
    for path in (fifo, link):
        with pytest.raises(CaffeToolsError) as caught:
            replace_file(path, b"new")
        assert str(caught.value) == f"{path}: cannot be written: expected a regular file"
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [fifo, link]


def test_leftovers_of_killed_processes_are_removed(tmp_path: Path) -> None:
    """By the next run that writes there; those of running processes and other machines stay."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    start = f".caffetools-{os.uname().nodename}-"
    dead, folder = (tmp_path / f"{start}{process.pid}-{end}" for end in "ab")
    dead.touch()
    folder.mkdir()
    (folder / "database").touch()
    kept = [
        tmp_path / f"{start}{os.getppid()}-c",
        tmp_path / f".caffetools-other-{process.pid}-d",
        tmp_path / f"{start}x-e",
        tmp_path / f"{start}{1 << 70}-f",
    ]
    for path in kept:
        path.touch()
    replace_file(tmp_path / "net", b"new")
    assert sorted(tmp_path.iterdir()) == sorted([*kept, tmp_path / "net"])


def test_an_input_is_never_an_output(tmp_path: Path) -> None:
    log, link = tmp_path / "t.svg", tmp_path / "link.svg"
    log.write_bytes(b"log")
    link.symlink_to(log)
    with pytest.raises(CaffeToolsError, match="this is an input; choose another output"):
        check_absent([str(link)], force=True, inputs=[str(log)])
    check_absent([str(link)], force=True, inputs=["-"])
    check_absent([str(tmp_path / "new")], inputs=[str(log)])
