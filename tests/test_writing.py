"""Files written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError, Location
from caffetools.writing import replace_file


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
