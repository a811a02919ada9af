from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from caffetools.pycaffe.script import main
from tests.commands import ROOT

SCRIPT = """
import sys
import caffe
import beside
from caffe.proto import caffe_pb2
print(__name__, sys.argv[1:], beside.VALUE, caffe.TEST, caffe_pb2.NetParameter().name == "")
if len(sys.argv) > 2:
    caffe.Net(sys.argv[2], caffe.TEST)
"""


class Started(NamedTuple):
    """How a script ended: the argument of its `sys.exit`, and what it printed."""

    status: object
    out: str
    err: str


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("VALUE = 7")
    (tmp_path / "script.py").write_text(SCRIPT)
    return tmp_path / "script.py"


@pytest.fixture
def started(
    script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Started]:
    """Run `python -m caffetools.pycaffe` in this process."""
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "beside", raising=False)
    monkeypatch.chdir(script.parent)

    def ran(*arguments: str) -> Started:
        status: object = None
        try:
            main(arguments)
        except SystemExit as end:
            status = end.code
        sys.modules.pop("beside", None)
        return Started(status, *capsys.readouterr())

    return ran


def test_a_script_and_its_arguments(started: Callable[..., Started], script: Path) -> None:
    assert started(str(script), "--help") == (None, "__main__ ['--help'] 7 1 True\n", "")


def test_a_module(started: Callable[..., Started]) -> None:
    assert started("-m", "script", "one") == (None, "__main__ ['one'] 7 1 True\n", "")


def test_an_error_is_one_line(started: Callable[..., Started], script: Path) -> None:
    path = script.with_name("net.prototxt")
    path.write_text('layer { type: "ReLU" bottom: "x" top: "y" }')
    status = str(started(str(script), "a", str(path)).status)
    assert status.startswith(f"{path}:1:22: unknown bottom 'x'")
    assert len(status.splitlines()) == 1


def test_a_missing_script(started: Callable[..., Started]) -> None:
    assert started("none.py").status == "none.py: no such file"
    assert str(started().status).startswith("usage: python -m caffetools.pycaffe SCRIPT.py")


def test_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "caffetools.pycaffe", "none.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "none.py: no such file\n")
