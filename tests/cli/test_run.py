from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.commands import run


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_a_script_gets_what_follows_its_name(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text("import sys, caffe\nprint(sys.argv, caffe.TRAIN)")
    assert run("run", path, "--plugin", "-x", "y").out == f"['{path}', '--plugin', '-x', 'y'] 0\n"


def test_an_error_shows_its_place(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(f"import caffe\ncaffe.Net('{tmp_path}/net.prototxt', caffe.TEST)")
    (tmp_path / "net.prototxt").write_text('layer { type: "ReLU" bottom: "x" top: "y" }')
    done = run("run", path)
    assert done.status == 1
    assert f"{tmp_path}/net.prototxt:1:22: unknown bottom 'x'" in done.err
    assert "^" in done.err
    assert "Traceback" not in done.err


def test_a_missing_script() -> None:
    assert "none.py: no such file" in run("run", "none.py").err
