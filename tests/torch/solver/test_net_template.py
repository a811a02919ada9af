from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import caffetools
from caffetools.torch.solver.net_template import net_template
from tests.protobuf_classes import protobuf_classes

NET = """\
name: "net"
layer { name: "data" type: "Input" top: "data" top: "label"
  input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" future_field: 3
  inner_product_param { num_output: 2 } }
layer { name: "bn" type: "BatchNorm" bottom: "ip" top: "ip" param { lr_mult: 0 } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
layer { name: "half" type: "EuclideanLoss" bottom: "ip" bottom: "ip" loss_weight: 0.5 }
"""


def parsed(text: str, **options: Any) -> Any:
    net = caffetools.from_text(text, **options)
    return protobuf_classes()["NetParameter"].FromString(net_template(net))


def test_layers_are_those_that_caffe_sets_up() -> None:
    net = parsed(NET)
    assert net.name == "net"
    layers = {layer.name: layer for layer in net.layer}
    assert list(layers) == [
        "data",
        "label_data_1_split",
        "ip",
        "bn",
        "ip_bn_0_split",
        "accuracy",
        "loss",
        "half",
    ]
    assert list(layers["accuracy"].bottom) == ["ip_bn_0_split_0", "label_data_1_split_0"]
    assert layers["label_data_1_split"].type == "Split"
    assert list(layers["label_data_1_split"].top) == [
        "label_data_1_split_0",
        "label_data_1_split_1",
    ]
    assert layers["ip"].inner_product_param.num_output == 2
    assert [param.lr_mult for param in layers["bn"].param] == [0, 0, 0]
    assert list(layers["loss"].loss_weight) == [1]
    assert list(layers["half"].loss_weight) == [0.5]
    assert list(layers["half"].top) == []  # Caffe names it (automatic), and nowhere in the layer
    assert {layer.phase for layer in net.layer} == {0}
    assert not any(layer.blobs for layer in net.layer)


def test_a_layer_keeps_the_phase_that_it_is_given() -> None:
    text = (
        'layer { name: "d" type: "DummyData" top: "d" phase: TEST dummy_data_param { shape {} } }'
    )
    assert parsed(text).layer[0].phase == 1


@pytest.mark.parametrize("case", ["sgd_fixed", "sgd_batchnorm", "sgd_frozen"])
def test_caffes_own_snapshots(caffe: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Field by field what Caffe wrote, but for the blobs."""
    folder = caffe / "training" / case
    monkeypatch.chdir(folder)
    assert os.path.exists("train_val.prototxt")
    found: Any = protobuf_classes()["NetParameter"].FromString(
        net_template(caffetools.load("train_val.prototxt"))
    )
    expected: Any = protobuf_classes()["NetParameter"].FromString(
        (folder / "final.caffemodel").read_bytes()
    )
    for layer in expected.layer:
        del layer.blobs[:]
    assert found == expected
