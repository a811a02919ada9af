"""`caffetools from-torch`: modules of a user's file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from caffetools.net.loading import load
from tests.commands import run

MODULE = """\
from torch import nn
def block():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
class Head(nn.Module):
    def forward(self, x, y):
        z = x + 2 * y
        return z.erf()
module = nn.Flatten()
number = 7
def broken():
    return 1 / 0
def nothing():
    return None
"""


@pytest.fixture
def source(tmp_path: Path) -> str:
    (tmp_path / "net.py").write_text(MODULE)
    return str(tmp_path / "net.py")


@pytest.mark.parametrize("name", ["block", "module"])
def test_a_function_and_a_module(name: str, source: str, tmp_path: Path) -> None:
    stem = tmp_path / "out"
    ran = run("from-torch", f"{source}:{name}", "--input", "data=1,3,8,8", "-o", stem)
    assert (ran.status, ran.out) == (0, "")
    assert ran.err.startswith("verified: ")
    assert load(f"{stem}.prototxt", phase="test").layers[0].tops == ((1, 3, 8, 8),)
    assert (tmp_path / "out.caffemodel").exists()
    again = run("from-torch", f"{source}:{name}", "--input", "data=1,3,8,8", "-o", stem)
    assert again.err == f"{stem}.caffemodel: file exists; use --force to overwrite\n"


def test_outputs_and_folding(source: str, tmp_path: Path) -> None:
    stem = tmp_path / "out"
    inputs = ("--input", "a=1,3", "--input", "b=1,3")
    ran = run("from-torch", f"{source}:Head", *inputs, "--outputs", "add", "-o", stem)
    assert ran.err.splitlines()[0] == "Head: note: left to do after the net: 1 erf"
    text = (tmp_path / "out.prototxt").read_text()
    assert "coeff: 2" not in text
    assert text.count("Input") == 2
    options = ("--input", "x=1,3,8,8", "--fold-bn", "--force")
    assert run("from-torch", f"{source}:block", *options, "-o", stem).status == 0
    assert "BatchNorm" not in (tmp_path / "out.prototxt").read_text()


def test_a_profile_and_a_file_of_torch_export(source: str, tmp_path: Path) -> None:
    (tmp_path / "chip.txt").write_text("Convolution\nReLU\n")
    options = ("--input", "x=1,3,8,8", "--profile", tmp_path / "chip.txt", "-o", tmp_path / "out")
    ran = run("from-torch", f"{source}:block", *options)
    assert "excludes the layer type BatchNorm" in ran.err
    torch.export.save(torch.export.export(nn.ReLU(), (torch.zeros(2),)), tmp_path / "net.pt2")
    ran = run("from-torch", tmp_path / "net.pt2", "-o", tmp_path / "out")
    assert ran == (0, "", "verified: 0.0e+00\n")


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("net.py:Head", 1, "exact form in Caffe's layers; cut here with --outputs 'add'\n"),
        ("net.py:broken", 1, "net.py:11: the module failed: ZeroDivisionError: division by zero\n"),
        ("net.py:absent", 1, "net.py: the file has no 'absent'\n"),
        ("net.py:nothing", 1, "net.py: 'nothing' expected to make an nn.Module, found NoneType\n"),
        ("net.py:number", 1, "the module failed: TypeError: 'int' object is not callable\n"),
        ("no.py:x", 1, "no.py: no such file\n"),
        ("net.py", 2, "a module needs FILE.py:FACTORY\n"),
    ],
)  # fmt: skip
def test_mistakes(name: str, status: int, message: str, source: str, tmp_path: Path) -> None:
    options = ("--input", "x=1,3", "--input", "y=1,3", "-o", tmp_path / "out")
    path = str(Path(source).parent / name)
    ran = run("from-torch", path, *options)
    assert (ran.status, ran.out) == (status, "")
    assert ran.err.endswith(message)
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("out")] == []


def test_usage(source: str, tmp_path: Path) -> None:
    ran = run("from-torch", f"{source}:block", "-o", tmp_path / "out")
    assert "a module needs --input NAME=D,D" in ran.err
    ran = run("from-torch", f"{source}:block", "more", "-o", tmp_path / "out")
    assert "unexpected argument 'more'" in ran.err
