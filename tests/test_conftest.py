"""The helpers of conftest.py fail where they should."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError, Location
from tests import conftest
from tests.conftest import CheckError, Golden


@pytest.fixture(autouse=True)
def golden_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(conftest, "GOLDEN", tmp_path)
    return tmp_path


def test_a_golden_file_that_is_not_there_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="--overwrite"):
        Golden(overwrite=False).check("new.txt", "text")


def test_overwrite_writes_what_the_next_run_compares(golden_folder: Path) -> None:
    Golden(overwrite=True).check("folder/new.txt", "a\r\nb")
    assert (golden_folder / "folder/new.txt").read_bytes() == b"a\r\nb"
    Golden(overwrite=False).check("folder/new.txt", "a\r\nb")
    with pytest.raises(AssertionError):
        Golden(overwrite=False).check("folder/new.txt", "a\nb")


def refuse(path: Path) -> None:
    raise CaffeToolsError(
        f"found {path.read_text()!r}, expected a layer", Location(str(path), 2, 1)
    )


def test_check_error_passes_the_error_on(check_error: CheckError) -> None:
    assert "expected" in check_error("trash", 2, 1, "found 'trash'", read=refuse).message


@pytest.mark.parametrize(
    ("line", "column", "fragment"), [(1, 1, "trash"), (2, 2, "trash"), (2, 1, "treasure")]
)
def test_check_error_fails_elsewhere(
    check_error: CheckError, line: int, column: int, fragment: str
) -> None:
    with pytest.raises(AssertionError):
        check_error("trash", line, column, fragment, read=refuse)


def test_check_error_fails_without_an_error(check_error: CheckError) -> None:
    with pytest.raises(pytest.fail.Exception):
        check_error("", 1, 1, "", read=lambda _: None)
