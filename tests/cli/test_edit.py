"""`caffetools edit`: options, files, what is printed, wrong use."""

from __future__ import annotations

from pathlib import Path

import pytest

import caffetools
from tests.commands import ROOT, run

LENET = ROOT / "examples" / "lenet" / "deploy.prototxt"


def test_a_net_without_weights(tmp_path: Path) -> None:
    stem = tmp_path / "out"
    ran = run("edit", LENET, "--convolutional", "--rename", "prob=out", "-o", stem)
    assert (ran.status, ran.out) == (0, "")
    lines = ran.err.splitlines()
    assert lines[0].startswith("made convolutional: all that allow it; 7 blobs differ by at most ")
    assert lines[-1].startswith("verified: ")
    assert caffetools.load(f"{stem}.prototxt").outputs == ("out",)
    assert [path.name for path in tmp_path.iterdir()] == ["out.prototxt"]


def test_all_options_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("0, 1\n2")
    ran = run(
        *("edit", LENET, "-o", tmp_path / "out", "--cut-after", "ip2", "--remove", "relu1"),
        *("--set", "ip2.inner_product_param.num_output=12", "--convolutional", "ip1"),
        *("--prune", f"conv1={tmp_path / 'list'}", "--prune", "conv2=0.1", "--batch-size", "2"),
        *("--input-shape", "data=3,1,28,28", "--rename", "ip2=scores"),
    )
    assert ran.status == 0, ran.err
    net = caffetools.load(tmp_path / "out.prototxt")
    shapes = {layer.node.name: layer.tops[0] for layer in net.layers}
    assert shapes["conv1"] == (2, 20 - 3, 24, 24)
    assert shapes["conv2"] == (2, 50 - 5, 8, 8)
    assert "relu1" not in shapes


@pytest.mark.parametrize(
    ("options", "status", "fragment"),
    [
        (("--remove", "x"), 1, ":1:1: the net has no layer 'x'"),
        (("--fold-bn",), 1, "no BatchNorm or Scale follows"),
        (("--rename", "prob"), 2, "expected two texts with = between, found 'prob'"),
        (("--prune", "conv1=2"), 2, "--prune expected a share below 1 or a file, found '2'"),
        (("--prune", f"conv1={LENET}"), 1, "deploy.prototxt: expected indices of outputs, found"),
        (("--input-shape", "conv1=1,2"), 1, "'conv1' is no top of an Input layer"),
        (("--set", "conv2.convolution_param.kernel_size=99"), 1, "kernel extent 99 exceeds"),
    ],
)
def test_mistakes(tmp_path: Path, options: tuple[str, ...], status: int, fragment: str) -> None:
    ran = run("edit", LENET, "-o", tmp_path / "out", *options)
    assert ran.status == status
    assert fragment in ran.err
    assert list(tmp_path.iterdir()) == []
