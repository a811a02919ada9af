"""A net as callers see it: what it holds, its JSON, and how it is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from tests import nets, strategies
from tests.nets import inner_product, layer

TEXT = (
    'name: "small"\n'
    + nets.given("data", 2, 3, 5, 5)
    + layer(
        "Convolution",
        "conv",
        "data",
        "conv",
        'param { name: "w" lr_mult: 0 } convolution_param { num_output: 4 kernel_size: 3 }',
    )
    + layer("ReLU", "relu", "conv", "conv")
    + inner_product("a", "conv", 2)
    + inner_product("b", "conv", 2, "loss_weight: 1")
)


def test_its_layers_are_those_of_the_prototxt() -> None:
    net = nets.net(TEXT)
    assert [each.node.name for each in net.layers] == ["data", "conv", "relu", "a", "b"]
    assert [each.node.name for each in net.inferred.layers][3] == "conv_relu_0_split"
    assert len(net.needs_backward) == len(net.fields) == len(net.layers)
    assert (net.name, net.state.phase, net.outputs) == ("small", "TRAIN", ("a", "b"))


def test_blobs_are_called_as_the_prototxt_calls_them() -> None:
    net = nets.net(TEXT)
    assert [[net.blob(blob) for blob in each.node.bottoms] for each in net.layers] == [
        [],
        ["data"],
        ["conv"],
        ["conv"],
        ["conv"],
    ]


def test_an_output_stands_once_though_two_of_its_copies_are_left() -> None:
    text = nets.given("data", 2, 3) + inner_product("a", "data", 3, "loss_weight: 1")
    net = nets.net(text + layer("Silence", "end", "a"))
    assert net.outputs == ("a",)


def test_the_json_of_a_small_net() -> None:
    conv, b = (nets.net(TEXT).to_dict()["layers"][index] for index in (1, 4))
    assert conv == {
        "name": "conv",
        "key": "conv",
        "type": "Convolution",
        "location": "net.prototxt:3:1",
        "bottoms": ["data"],
        "tops": [{"name": "conv", "shape": [2, 4, 3, 3], "count": 2 * 4 * 3 * 3}],
        "params": [
            {
                "name": "w",
                "role": "weight",
                "shape": [4, 3, 3, 3],
                "count": 4 * 3 * 3 * 3,
                "lr_mult": 0.0,
                "decay_mult": 1.0,
                "owner": None,
            },
            {
                "name": None,
                "role": "bias",
                "shape": [4],
                "count": 4,
                "lr_mult": 1.0,
                "decay_mult": 1.0,
                "owner": None,
            },
        ],
        "macs": 2 * 4 * 3 * 3 * 3 * 3 * 3,
        "needs_backward": True,
        "receptive_field": [{"size": 3.0, "stride": 1.0, "offset": 1.0}] * 2,
    }
    assert b["receptive_field"] is None
    assert b["macs"] == 2 * 2 * 4 * 3 * 3


def test_names_that_stand_twice_have_keys() -> None:
    net = nets.net(layer("Unheard", "a", "", "x") + layer("Unheard", "a", "", "y"))
    layers = net.to_dict()["layers"]
    assert [each["name"] for each in layers] == ["a", "a"]
    assert [each["key"] for each in layers] == ["a", "a#2"]


# INTERFACE.md's keys, and after the bar those that are ours.
KEYS = {
    "net": "name phase layers outputs totals notes |",
    "layer": "name type location bottoms tops params macs needs_backward | key receptive_field",
    "top": "name shape count |",
    "param": "name shape count lr_mult decay_mult owner | role",
    "totals": "params learnable_params macs memory_bytes unique_memory_bytes |"
    " frozen_params statistics gradient_bytes history_bytes",
    "note": "location message |",
}


def check_keys(kind: str, found: Mapping[str, Any]) -> None:
    assert set(found) == set(KEYS[kind].split()) - {"|"}, kind


@pytest.mark.parametrize("text", [TEXT, layer("Unheard", "u", "", "u"), 'name: "empty"'])
def test_keys_of_the_json(text: str) -> None:
    net = json.loads(json.dumps(nets.net(text).to_dict()))
    check_keys("net", net)
    check_keys("totals", net["totals"])
    for note in net["notes"]:
        check_keys("note", note)
    for each in net["layers"]:
        check_keys("layer", each)
        for top in each["tops"]:
            check_keys("top", top)
        for param in each["params"]:
            check_keys("param", param)


def test_what_is_not_known_is_null() -> None:
    net = nets.net(nets.given("data", 1) + layer("Unheard", "u", "data", "u")).to_dict()
    assert net["layers"][1]["tops"] == [{"name": "u", "shape": None, "count": None}]
    assert net["layers"][1]["macs"] is None
    assert set(net["totals"].values()) == {None}
    assert net["notes"] == [
        {
            "location": "net.prototxt:2:1",
            "message": "unknown layer type 'Unheard'; its output shapes are unknown",
        }
    ]


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
def test_the_json_has_no_number_that_json_has_not(value: str) -> None:
    text = nets.given("data", 2, 3) + inner_product(
        "ip", "data", 1, f"param {{ lr_mult: {value} }}"
    )
    net = nets.net(text).to_dict()
    assert net["layers"][1]["params"][0]["lr_mult"] == value
    json.dumps(net, allow_nan=False)


@given(strategies.nets())
def test_the_json_adds_up(text: str) -> None:
    net = nets.net(text)
    data = json.loads(json.dumps(net.to_dict(), allow_nan=False))
    layers, totals = data["layers"], data["totals"]
    for each in layers:
        for top in [*each["tops"], *each["params"]]:
            product = 1
            for extent in top["shape"]:
                product *= extent
            assert top["count"] == product
    owned = [param for each in layers for param in each["params"] if param["owner"] is None]
    assert totals["params"] == sum(param["count"] for param in owned)
    assert totals["macs"] == sum(each["macs"] for each in layers)
    tops = sum(top["count"] for each in layers for top in each["tops"])
    copies = sum(blob.inserted for blob in net.inferred.graph.blobs)
    assert totals["memory_bytes"] >= 4 * tops
    assert (totals["memory_bytes"] > 4 * tops) == bool(copies)
    made = {top["name"] for each in layers for top in each["tops"]}
    assert {name for each in layers for name in each["bottoms"]} <= made
    assert set(data["outputs"]) <= made
