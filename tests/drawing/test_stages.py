"""Stages: where they begin and end."""

from __future__ import annotations

from pathlib import Path

from caffetools.drawing.stages import stages
from caffetools.net.net import load
from tests.drawing.cases import conv, relu, residual
from tests.nets import given, layer, net

EXAMPLES = Path(__file__).parents[2] / "examples"


def names(text: str) -> list[list[str]]:
    return [[layer.node.key for layer in stage.layers] for stage in stages(net(text))]


def test_alexnet_has_the_stages_of_the_article() -> None:
    found = stages(load(EXAMPLES / "alexnet" / "deploy.prototxt"))
    assert [[layer.node.key for layer in stage.layers] for stage in found] == [
        ["conv1", "relu1", "norm1", "pool1"],
        ["conv2", "relu2", "norm2", "pool2"],
        ["conv3", "relu3"],
        ["conv4", "relu4"],
        ["conv5", "relu5", "pool5"],
        ["fc6", "relu6", "drop6"],
        ["fc7", "relu7", "drop7"],
        ["fc8", "prob"],
    ]
    assert [stage.number for stage in found] == list(range(1, 9))
    assert found[1].name == "conv2"


def test_a_blob_that_branches_ends_a_stage() -> None:
    assert names(residual(1)) == [["c"], ["a0", "relu_a0"], ["b0"]]


def test_batch_normalisation_and_scale_follow() -> None:
    text = given("data", 1, 4, 8, 8) + conv("c", "data") + layer("BatchNorm", "bn", "c", "bn")
    text += layer("Scale", "s", "bn", "s") + relu("s")
    assert names(text) == [["c", "bn", "s", "relu_s"]]


def test_a_net_without_weights_has_no_stage() -> None:
    assert names(given("data", 1, 4) + relu("data")) == []
