from __future__ import annotations

import os
from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.files import (
    check_expansion,
    find,
    find_file,
    first_images,
    first_window_channels,
    first_word,
    read_bytes,
    read_text,
)


def test_what_a_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "a file"
    path.write_bytes("é".encode() + b"\xff")
    assert read_bytes(str(path)) == "é".encode() + b"\xff"
    assert os.fsencode(read_text(str(path))) == read_bytes(str(path))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, message in (
        ("gone", "no such file"),
        ("gone/file", "no such file"),
        ("loop", "cannot be read: Too many levels of symbolic links"),
        ("pipe", "expected a regular file"),
        ("folder", "expected a regular file"),
        ("a" * 300, "cannot be read: File name too long"),
        ("nul\0", "cannot be read: embedded null byte"),
    ):
        path = str(tmp_path / name)
        with pytest.raises(CaffeToolsError) as caught:
            read_bytes(path)
        assert str(caught.value) == f"{path}: {message}"


def test_from_the_working_directory_then_from_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "both").touch()
    (there / "one").touch()
    monkeypatch.chdir(here)
    assert find("both", str(there)) == "both"
    assert find("one", str(there)) == str(there / "one")
    assert find(str(there / "one"), ".") == str(there / "one")
    assert find("none", str(there)) is None


@pytest.mark.parametrize("source", ["", "a\0b", "\udc80\udcff", "x" * 5000])
def test_what_no_file_is_called(tmp_path: Path, source: str) -> None:
    assert find(source, str(tmp_path)) is None


def test_a_regular_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert find_file("file", str(tmp_path)) == str(tmp_path / "file")
    assert find_file("folder", str(tmp_path)) is None
    assert find_file(os.devnull, str(tmp_path)) is None
    assert find_file("none", str(tmp_path)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"cat.jpg 0\ndog.jpg 1\n", "cat.jpg"),
        (b"a cat.jpg 0\r\n", "a cat.jpg"),
        (b"cat.jpg", "cat.jpg"),
        (b"\ncat.jpg 0", ""),
        (b"caf\xe9.jpg 0\n", "caf\udce9.jpg"),
    ],
)
def test_first_images(tmp_path: Path, text: bytes, expected: str) -> None:
    (tmp_path / "list").write_bytes(text)
    assert first_images(str(tmp_path / "list"))[0] == expected


def test_no_more_images_than_are_whole_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("a.jpg 0\nb.jpg 1\n")
    assert first_images(str(path)) == ["a.jpg", "b.jpg"]
    path.write_text(f"{'a' * 40000} 0\n{'b' * 40000} 1\n")
    assert first_images(str(path)) == ["a" * 40000]
    path.write_text("a.jpg 0\n" * 1000)
    assert first_images(str(path)) == ["a.jpg"] * 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [(b"train.h5\n", "train.h5"), (b"\n \t a.h5 b.h5", "a.h5"), (b"caf\xe9.h5", "caf\udce9.h5")],
)
def test_first_word(tmp_path: Path, text: bytes, expected: str) -> None:
    (tmp_path / "list").write_bytes(text)
    assert first_word(str(tmp_path / "list")) == expected


def test_first_window_channels(tmp_path: Path) -> None:
    path = tmp_path / "windows"
    path.write_text("# 0\n/images/a.jpg\n3\n375\n500\n1\n7 0.9 1 2 3 4\n")
    assert first_window_channels(str(path)) == 3
    for text in ("", "# 0 a.jpg", "0 0 a.jpg 3 1 1", "# 0 a.jpg -3 1 1", "# 0 a.jpg \xb2 1"):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(CaffeToolsError, match="does not begin with '#', a number, a file"):
            first_window_channels(str(path))


@pytest.mark.parametrize("read", [first_images, first_word])
def test_an_empty_list(tmp_path: Path, read: object) -> None:
    assert callable(read)
    (tmp_path / "list").touch()
    with pytest.raises(CaffeToolsError, match="list' is empty"):
        read(str(tmp_path / "list"))


def test_what_a_file_may_unpack_to() -> None:
    """256 MiB = 268,435,456 bytes, or 100 times its size: 100 * 3,000,000 = 300,000,000."""
    check_expansion(268_435_456, 1)
    check_expansion(300_000_000, 3_000_000)
    for unpacked, stored in ((268_435_457, 1), (300_000_001, 3_000_000)):
        with pytest.raises(CaffeToolsError, match=f"found {unpacked:,}"):
            check_expansion(unpacked, stored)
