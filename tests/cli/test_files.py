"""Files that commands write: whole, and none overwritten unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.cli.files import write_files
from caffetools.errors import CaffeToolsError


def test_files_in_a_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    write_files({str(folder / "x"): b"1", str(folder / "y"): b"2"}, False, str(folder))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"x": b"1", "y": b"2"}


def test_what_is_there_stays(tmp_path: Path) -> None:
    new, there = tmp_path / "new", tmp_path / "there"
    there.write_bytes(b"old")
    with pytest.raises(CaffeToolsError) as caught:
        write_files({str(new): b"1", str(there): b"2"}, force=False)
    assert str(caught.value) == f"{there}: this is there already; --force overwrites it"
    assert not new.exists()
    write_files({str(there): b"2"}, force=True)
    assert there.read_bytes() == b"2"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "folder"
    with pytest.raises(CaffeToolsError, match="this folder cannot be made: Not a directory"):
        write_files({}, force=False, folder=str(folder))
