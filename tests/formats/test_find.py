from __future__ import annotations

import os
from pathlib import Path

import pytest

from caffetools.formats.find import find, find_file


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
