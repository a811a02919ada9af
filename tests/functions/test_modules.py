"""Functions on modules: what is exported is what `module` returns, and what `pack` takes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

import caffetools

LENET = str(Path(__file__).parents[2] / "examples" / "lenet" / "deploy.prototxt")
ODD = 'layer { name: "o" type: "Odd" bottom: "x" top: "y" }'
INPUT = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }\n'


def test_a_round_trip(tmp_path: Path) -> None:
    first = caffetools.module(LENET, batch_size=2)
    path = tmp_path / "net.caffemodel"
    caffetools.pack(LENET, first.state_dict(), path)
    second = caffetools.module(caffetools.load(LENET, batch_size=2), path)
    data = torch.rand(2, 1, 28, 28)
    assert torch.equal(first(data), second(data))
    notes = caffetools.export(LENET, tmp_path / "out", weights=str(path))
    assert notes == []
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == [
        "model.py",
        "weights.safetensors",
    ]
    for name, blobs in caffetools.to_caffe(first).items():
        for blob, read in zip(blobs, caffetools.read_weights(path)[name], strict=True):
            np.testing.assert_array_equal(blob, read)


def test_an_unknown_parameter_is_a_note(tmp_path: Path) -> None:
    state = {**caffetools.module(LENET).state_dict(), "extra": torch.zeros(1)}
    (note,) = caffetools.pack(LENET, state, tmp_path / "net.caffemodel")
    assert note.message == "unknown parameter 'extra'"
    del state["conv1.weight"]
    with pytest.raises(caffetools.CaffeToolsError, match="expected a tensor"):
        caffetools.pack(LENET, state, tmp_path / "net.caffemodel", force=True)


def test_a_type_without_pytorch(tmp_path: Path) -> None:
    net = caffetools.from_text(INPUT + ODD)
    with pytest.raises(caffetools.CaffeToolsError, match="types without PyTorch: Odd"):
        caffetools.module(net)
    with pytest.raises(caffetools.CaffeToolsError, match="unknown type 'Odd'"):
        caffetools.export(net, tmp_path / "out")
    caffetools.export(net, tmp_path / "out", allow_missing=True)
    with pytest.raises(ValueError, match="a solver needs the path of a net"):
        caffetools.export(net, tmp_path / "two", solver="solver.prototxt")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_one_file(tmp_path: Path) -> None:
    caffetools.export(LENET, tmp_path / "model.py", flat=True)
    assert "class LeNet(nn.Module)" in (tmp_path / "model.py").read_text("utf-8")
    with pytest.raises(ValueError, match="--to onnx writes one file: use -o FILE"):
        caffetools.export(LENET, tmp_path / "out", "onnx")
    (tmp_path / "file").touch()
    with pytest.raises(caffetools.CaffeToolsError, match="expected a folder, found a file"):
        caffetools.export(LENET, tmp_path / "file", force=True)
