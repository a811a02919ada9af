"""`deploy`: files, notes, phases; the command's tests hold what the files contain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

import caffetools

LENET = Path(__file__).parents[2] / "examples" / "lenet" / "train_test.prototxt"


def test_files(tmp_path: Path) -> None:
    net, told = tmp_path / "net.prototxt", tmp_path / "net.json"
    notes = caffetools.deploy(LENET, net, told, data_shape=(1, 28, 28), batch_size=3)
    assert all(isinstance(note.message, str) for note in notes)
    assert caffetools.load(net)["data"].tops == ((3, 1, 28, 28),)
    assert json.loads(told.read_text())["shape"] == [3, 1, 28, 28]
    with pytest.raises(caffetools.CaffeToolsError, match="file exists; use --force"):
        caffetools.deploy(LENET, net, data_shape=(1, 28, 28))


def test_nothing_is_written_for_a_net_without_predictions(tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text('layer { name: "d" type: "Input" top: "d" }')
    with pytest.raises(caffetools.CaffeToolsError, match="shape of the input 'd' is unknown"):
        caffetools.deploy(tmp_path / "net.prototxt", tmp_path / "out.prototxt")
    assert [path.name for path in tmp_path.iterdir()] == ["net.prototxt"]
