"""`caffetools from-onnx`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffetools.net.loading import load
from tests.commands import run
from tests.torch.onnx_files import model_file, onnx_file

onnx = pytest.importorskip("onnx")


def test_a_file(tmp_path: Path) -> None:
    path = onnx_file(tmp_path, "Conv", [np.ones((2, 4, 1, 1), np.float32)])
    ran = run("from-onnx", path, "-o", tmp_path / "out")
    assert (ran.status, ran.out) == (0, "")
    assert ran.err.startswith("verified: ")
    assert load(tmp_path / "out.prototxt").layers[-1].tops == ((1, 2, 8, 10),)


def test_an_open_size_and_outputs(tmp_path: Path) -> None:
    nodes = [
        onnx.helper.make_node("Relu", ["x"], ["z"]),
        onnx.helper.make_node("Erf", ["z"], ["y"]),
    ]
    path = model_file(tmp_path, nodes, {}, shape=("n", 3))
    options = ("--input", "x=2,3", "-o", tmp_path / "out")
    assert "cut here with --outputs 'z'" in run("from-onnx", path, *options).err
    ran = run("from-onnx", path, *options, "--outputs", "z")
    assert ran.err == f"{path}: note: left to do after the net: 1 Erf\nverified: 0.0e+00\n"


def test_mistakes(tmp_path: Path) -> None:
    ran = run("from-onnx", tmp_path / "no.onnx", "-o", tmp_path / "out")
    assert ran == (1, "", f"{tmp_path / 'no.onnx'}: no such file\n")
