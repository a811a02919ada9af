"""`caffetools deploy`: files, comments, batch size, phases, errors."""

from __future__ import annotations

import json
from pathlib import Path

import caffetools
from tests.commands import ROOT, run
from tests.nets import layer

LENET = ROOT / "examples" / "lenet" / "train_test.prototxt"
SHAPE = ("--data-shape", "1,28,28")


def test_a_net_and_its_preprocessing(tmp_path: Path) -> None:
    net, told = tmp_path / "deploy.prototxt", tmp_path / "pre.json"
    assert run("deploy", LENET, *SHAPE, "-o", net, "--preprocess", told).status == 0
    made = caffetools.load(net)
    author = caffetools.load(LENET.with_name("deploy.prototxt"), batch_size=1)
    assert [each.tops for each in made.layers] == [each.tops for each in author.layers]
    assert made.outputs == author.outputs == ("prob",)
    assert json.loads(told.read_text()) == {
        "input": "data",
        "shape": [1, 1, 28, 28],
        "channels": "gray",
        "resize": None,
        "crop_size": 28,
        "mean": [],
        "scale": 0.00390625,
    }
    again = run("deploy", LENET, *SHAPE, "-o", net)
    assert (again.status, again.err) == (1, f"{net}: file exists; use --force to overwrite\n")
    assert run("deploy", LENET, *SHAPE, "-o", net, "--force").status == 0


def test_comments_and_the_batch_size() -> None:
    text = LENET.read_text().replace("convolution_param {", "convolution_param {  # mine", 1)
    ran = run("deploy", "-", *SHAPE, "-o", "-", "--batch-size", "7", stdin=text.encode())
    assert "convolution_param {  # mine\n" in ran.out
    assert "shape { dim: 7 dim: 1 dim: 28 dim: 28 }" in ran.out
    assert run("fmt", "--check", "-", stdin=ran.out.encode()) == (0, "", "")


def test_a_net_that_only_trains_and_one_of_a_fixed_batch() -> None:
    data = layer(
        "Data", "d", "", "data label", "data_param { batch_size: 6 } include { phase: TRAIN }"
    )
    reshape = layer("Reshape", "r", "data", "r", "reshape_param { shape { dim: 3 dim: -1 } }")
    fc = layer("InnerProduct", "fc", "r", "fc", "inner_product_param { num_output: 2 }")
    ran = run(
        "deploy", "-", "--data-shape", "1,5,5", "-o", "-", stdin=(data + reshape + fc).encode()
    )
    assert ran.status == 0
    assert "shape { dim: 6 dim: 1 dim: 5 dim: 5 }" in ran.out


def test_the_first_error_is_reported() -> None:
    ran = run("deploy", "-", "-o", "-", stdin=b'layer { type: "ReLU" bottom: "x" top: "y" }')
    assert ran.status == 1
    assert ran.err.startswith("<stdin>:1:22: unknown bottom 'x'")
