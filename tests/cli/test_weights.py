"""`caffetools weights`: what a file holds, shown and written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from caffetools.formats.safetensors import read_safetensors
from caffetools.net.loading import from_text
from tests.commands import run
from tests.torch.nets import PHASES, drawn, stored


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "w.caffemodel"
    path.write_bytes(stored(drawn(from_text(PHASES))))
    return path


def test_the_table(model: Path) -> None:
    ran = run("weights", model)
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].split()[:3] == ["layer", "type", "blob"]
    assert lines[2].split()[:5] == ["ip", "0", "3", "x", "4"]
    assert lines[-1].split() == ["total", "15", "0"]


def test_json_and_csv(model: Path) -> None:
    data = json.loads(run("weights", model, "--format", "json").out)
    assert [(blob["layer"], blob["shape"]) for blob in data["blobs"]] == [
        ("ip", [3, 4]),
        ("ip", [3]),
    ]
    lines = run("weights", model, "--format", "csv").out.splitlines()
    assert lines[0].startswith("layer,type,blob,shape,numbers")
    assert len(lines) == 3


def test_files_for_others(model: Path, tmp_path: Path) -> None:
    blobs = drawn(from_text(PHASES))["ip"]
    for name in ("out.npz", "out.safetensors"):
        assert run("weights", model, "-o", tmp_path / name) == (0, "", "")
    with np.load(tmp_path / "out.npz") as found:
        np.testing.assert_array_equal(found["ip/0"], blobs[0])
    np.testing.assert_array_equal(read_safetensors(tmp_path / "out.safetensors")["ip/1"], blobs[1])
    ran = run("weights", model, "-o", tmp_path / "out.npz")
    assert ran.err == f"{tmp_path / 'out.npz'}: file exists; use --force to overwrite\n"
    assert run("weights", model, "-o", tmp_path / "out.npz", "--force").status == 0


def test_usage_and_mistakes(model: Path, tmp_path: Path) -> None:
    assert run("weights", model, "-o", tmp_path / "out.txt").status == 2
    ran = run("weights", tmp_path / "none")
    assert (ran.status, ran.err) == (1, f"{tmp_path / 'none'}: no such file\n")
    model.write_bytes(model.read_bytes()[:-3])
    ran = run("weights", model)
    assert ran.status == 1
    assert ran.err.startswith(f"{model}: this is not a .caffemodel, or it is cut off or damaged")
