"""The editor: what it says of each edit, files, failures that leave the net as it was."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from caffetools.editing import editor
from caffetools.editing.editor import NetEditor
from caffetools.errors import CaffeToolsError
from caffetools.formats.caffemodel import caffemodel
from caffetools.formats.weights import read_layers
from caffetools.writing import replace_file
from tests.editing.nets import SMALL, edited
from tests.nets import layer

STRIPPED = re.compile(r" differs? by .*|(?<=by )[\d.e-]+")


@pytest.fixture
def net(tmp_path: Path) -> NetEditor:
    (tmp_path / "net.prototxt").write_text(f"# mine\n{SMALL}")
    weights = edited().weights.items()
    data = caffemodel("", ((name, "", blobs) for name, blobs in weights))
    replace_file(tmp_path / "net.caffemodel", data)
    return NetEditor(tmp_path / "net.prototxt", tmp_path / "net.caffemodel")


def test_each_edit_says_what_it_did(net: NetEditor) -> None:
    net.fold_batch_norm()
    net.rename("prob", "out")
    path = "f2.inner_product_param.num_output"
    net.set(path, "2")
    net.prune("c2", [0])
    net.convolutional()
    net.resize(batch_size=4)
    net.cut_after("f2")
    assert [STRIPPED.sub("", line) for line in net.changes] == [
        "folded BatchNorm and Scale; 6 blobs",
        "renamed 'prob' to 'out'; 6 blobs",
        f"set {path} to 2; 627 -> 621 parameters; changes 2 of 6 blobs: 'out' in size",
        "pruned 1 outputs of 'c2'; 621 -> 539 parameters; changes 5 of 6 blobs: 'out' by ",
        "the net with zeros for the removed channels",
        "made convolutional: all that allow it; 6 blobs",
        "resized the inputs; changes 6 of 6 blobs: 'out' in size",
        "cut after 'f2'; 5 blobs",
    ]
    assert 0 < net.difference < 1e-5


def test_files(net: NetEditor, tmp_path: Path) -> None:
    net.fold_batch_norm()
    net.save(tmp_path / "out")
    again = NetEditor(tmp_path / "out.prototxt", tmp_path / "out.caffemodel")
    assert again.prototxt() == net.prototxt()
    assert again.prototxt().startswith("# mine\n")
    assert list(read_layers(tmp_path / "out.caffemodel")) == ["c1", "c2", "f1", "f2"]
    with pytest.raises(CaffeToolsError, match="file exists; use --force"):
        net.save(tmp_path / "out")
    net.save(tmp_path / "out", force=True)
    alone = NetEditor(tmp_path / "net.prototxt")
    alone.save(tmp_path / "alone")
    assert not (tmp_path / "alone.caffemodel").exists()


def test_a_failed_verification_changes_nothing(
    net: NetEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = net.prototxt()
    monkeypatch.setattr(
        editor,
        "fold_batch_norm",
        lambda net: net.with_weights({"f2": edited().weights["f2"][::-1]}),
    )
    with pytest.raises(CaffeToolsError, match="'f2' would expect blobs"):
        net.fold_batch_norm()
    weight, bias = net.edited.weights["f2"]
    monkeypatch.setattr(
        editor, "fold_batch_norm", lambda net: net.with_weights({"f2": (weight * 2, bias)})
    )
    with pytest.raises(CaffeToolsError, match="folded BatchNorm and Scale: blob 'f2' differs by"):
        net.fold_batch_norm()
    assert (net.prototxt(), net.changes) == (before, [])


def test_what_cannot_be_run_is_edited_but_not_verified(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(SMALL + 'layer { name: "u" type: "Unknown" bottom: "prob" top: "u" }')
    net = NetEditor(path)
    net.rename("u", "v")
    net.set("f2.name", "f3")
    assert "not verified" in net.changes[0]
    assert "not compared" in net.changes[1]


BOTH = SMALL + layer(
    "InnerProduct", "aux", "s", "aux",
    "inner_product_param { num_output: 2 } include { phase: TRAIN }",
)  # fmt: skip


def test_the_other_phase_must_still_be_set_up(tmp_path: Path) -> None:
    """aux, of the phase TRAIN alone, reads the 4 x 6 x 6 elements of s."""
    path = tmp_path / "net.prototxt"
    path.write_text(BOTH)
    weights = {**edited().weights, "aux": (np.zeros((2, 144), np.float32), np.zeros(2, np.float32))}
    data = caffemodel("", ((name, "", blobs) for name, blobs in weights.items()))
    replace_file(tmp_path / "net.caffemodel", data)
    net = NetEditor(path, tmp_path / "net.caffemodel")
    text = "in the phase TRAIN: layer 'aux' would expect blobs of 2 x 108, 2, it has 2 x 144, 2"
    with pytest.raises(CaffeToolsError, match=text):
        net.prune("c1", [0])
    net.set("c1.convolution_param.num_output", "3")
    assert net.edited.weights["aux"][0].shape == (2, 108)
    net.remove("aux")
    net.prune("c1", [0])
    path.write_text(SMALL + layer("ReLU", "r", "none", "r", "include { phase: TRAIN }"))
    assert not NetEditor(path).has_both
