from __future__ import annotations

import os
from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.files import read_bytes, read_text


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
        ("gone", "No such file or directory"),
        ("gone/file", "No such file or directory"),
        ("loop", "Too many levels of symbolic links"),
        ("pipe", "this is no regular file"),
        ("folder", "this is no regular file"),
        ("a" * 300, "File name too long"),
        ("nul\0", "embedded null byte"),
    ):
        path = str(tmp_path / name)
        with pytest.raises(CaffeToolsError) as caught:
            read_bytes(path)
        assert str(caught.value) == f"{path}: cannot be read: {message}"
