from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("VALUE = 7")
    (tmp_path / "script.py").write_text(SCRIPT)
    return tmp_path / "script.py"


def module(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "caffetools.pycaffe", *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_script_and_its_arguments(script: Path) -> None:
    done = module(str(script), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "__main__ ['--help'] 7 1 True\n"


def test_a_module(script: Path) -> None:
    done = module("-m", "script", "one", folder=script.parent)
    assert done.stdout == "__main__ ['one'] 7 1 True\n"


def test_an_error_is_one_line(script: Path, tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text('layer { type: "ReLU" bottom: "x" top: "y" }')
    done = module(str(script), "a", str(tmp_path / "net.prototxt"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path}/net.prototxt:1:22: unknown bottom 'x'")
    assert len(done.stderr.splitlines()) == 1


def test_a_missing_script() -> None:
    done = module("none.py")
    assert (done.returncode, done.stderr) == (1, "none.py: no such file\n")
    assert module().stderr.startswith("usage: python -m caffetools.pycaffe SCRIPT.py")
