"""A layer's details."""

from __future__ import annotations

from caffetools.net.loading import from_text
from caffetools.pages.details import details, snippets
from tests.drawing.cases import LABELLED, conv, relu
from tests.nets import given, net

TEXT = given("data", 1, 4, 8, 8) + conv("c", "data") + relu("c") + conv("d", "c")
LEARNING = {"lr": "1", "decay": "1", "owner": None}


def test_a_layer() -> None:
    found = details(net(TEXT), {})[1]
    assert found == {
        "name": "c",
        "type": "Convolution",
        "family": "convolution",
        "place": "net.prototxt:2:1",
        "bottoms": [["data", "1 x 4 x 8 x 8"]],
        "tops": [["c", "1 x 4 x 8 x 8"]],
        "params": [
            {"role": "weight", "shape": "4 x 4 x 3 x 3", "count": 144, **LEARNING},
            {"role": "bias", "shape": "4", "count": 4, **LEARNING},
        ],
        "macs": 9216,
        "backward": False,
        "windows": "3/1/1",
        "field": "3/1",
        "steps": found["steps"],
        "from": [0],
        "to": [2],
        "line": 2,
        "text": found["text"],
    }
    assert ["height, width", "(8 − 3 + 2·1) / 1 + 1 = 8"] in found["steps"]
    assert found["text"][0].startswith('layer { name: "c"')


def test_layers_in_place_stand_between() -> None:
    found = details(net(TEXT), {})
    assert [layer["to"] for layer in found] == [[1], [2], [3], []]
    assert [layer["from"] for layer in found] == [[], [0], [1], [2]]


def test_several_readers_and_sources() -> None:
    found = details(net(LABELLED), {})
    assert found[0]["to"] == [1, 3, 4]
    assert found[3]["from"] == [0, 2]


def test_what_is_unknown() -> None:
    found = details(net('layer { name: "a\\n<b>" type: "NoSuchType" top: "t" }'), {})[0]
    assert found["name"] == "a\\n<b>"
    assert (found["macs"], found["tops"], found["field"]) == (None, [["t", "unknown"]], "")


PROTOTXT = """\
name: "n"  # a net
layer {
  name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 4 } }  # one }
}
# The test's own.
layer { name: "x" type: "ReLU" bottom: "data" top: "x" include { phase: TEST } }
# What follows.
layer { name: "a" type: "ReLU" bottom: "data" top: "a" } layer { name: "b"
  type: "ReLU" bottom: "a" top: "b" }
state { phase: TRAIN }
"""


def test_snippets() -> None:
    data, a, b = snippets(from_text(PROTOTXT))
    lines = PROTOTXT.splitlines()
    assert data == {"line": 2, "text": lines[1:5]}
    assert a == {"line": 9, "text": ['layer { name: "a" type: "ReLU" bottom: "data" top: "a" }']}
    assert (b["line"], b["text"][0]) == (9, 'layer { name: "b"')


def test_layers_of_input_fields() -> None:
    text = 'input: "data"\n' + "input_dim: 1\n" * 4
    (found,) = snippets(from_text(text))
    assert found == {"line": 1, "text": text.splitlines()}


def test_no_text_no_lines() -> None:
    made = net('layer { name: "data" type: "Input" top: "data" }')
    message = made.layers[0].node.message
    message.source.text = ""
    assert snippets(made) == [{}]
