"""Gradients that Caffe computes from overwritten blobs: each rule of net/overwritten.py."""

from __future__ import annotations

import re

import pytest

import caffetools
from caffetools.net.overwritten import overwritten_blobs, overwritten_notes

START = """force_backward: true
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 } } }
layer { name: "c" type: "InnerProduct" bottom: "x" top: "h" inner_product_param { num_output: 3 } }
"""


def notes(layers: str, phase: str = "train") -> list[str]:
    """The layer and the reason of each note."""
    net = caffetools.from_text(START + layers, phase=phase)
    lines = (START + layers).splitlines()
    found = []
    for note in overwritten_notes(net.inferred):
        assert note.location.line is not None
        name = lines[note.location.line - 1].split('"')[1]
        start, reason, _ = re.split(": |; ", note.message)
        assert start == "Caffe's gradient is not the true one here"
        found.append(f"{name}: {reason}")
    return found


def in_place(name: str, kind: str, options: str = "") -> str:
    return f'layer {{ name: "{name}" type: "{kind}" bottom: "h" top: "h" {options} }}\n'


ITS_BOTTOM = "l: its backward pass reads its bottom, which it overwrites in place"
ITS_TOP = "l: its backward pass reads its top, which layer 's' overwrites in place"
SCALE = in_place("s", "Scale")
LEAKY = in_place("s", "ReLU", "relu_param { negative_slope: 0.1 }")


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        # d log(1 + exp(x)) / dx = exp(x) / (1 + exp(x)): x is log(1 + exp(x)) by then.
        (in_place("l", "BNLL"), [ITS_BOTTOM]),
        (in_place("l", "Log"), [ITS_BOTTOM]),
        (in_place("l", "Clip", "clip_param { min: 0 max: 1 }"), [ITS_BOTTOM]),
        # d exp(2 x) / dx = 2 y: Caffe reads y.
        (in_place("l", "Exp", "exp_param { scale: 2 }"), []),
        # 2 · 2, not 2: the gradient of the top is overwritten by the factor, then multiplied by it.
        (in_place("l", "Power", "power_param { scale: 2 }"), [ITS_BOTTOM]),
        (in_place("l", "Power", "power_param { power: 2 }"), [ITS_BOTTOM]),
        (in_place("l", "Power", "power_param { power: 0 }"), []),
        (in_place("l", "Scale"), []),
        (in_place("l", "PReLU"), []),
        (in_place("l", "Softmax"), []),
        # y (1 - y): Caffe reads y, which is the Scale's by then.
        (in_place("l", "Sigmoid") + SCALE, [ITS_TOP]),
        (in_place("l", "TanH") + SCALE, [ITS_TOP]),
        (in_place("l", "Sigmoid") + in_place("s", "Sigmoid"), [ITS_TOP]),
        (in_place("l", "ELU") + SCALE, [ITS_TOP]),
        # A ReLU writes 0 just where it passes no gradient.
        (in_place("l", "Sigmoid") + in_place("s", "ReLU"), []),
        # What is not negative passes a ReLU with a slope, an ELU and a PReLU as it is.
        (in_place("l", "Sigmoid") + LEAKY, []),
        (in_place("l", "Exp") + in_place("s", "PReLU"), []),
        (in_place("l", "Softmax") + in_place("s", "ELU"), []),
        (in_place("l", "TanH") + LEAKY, [ITS_TOP]),
        # Dropout copies in the test phase.
        (in_place("l", "Sigmoid") + in_place("s", "Dropout"), [ITS_TOP]),
        # The exported ReLU reads the later signs, too.
        (in_place("l", "ReLU") + SCALE, []),
        (in_place("l", "ReLU") + in_place("s", "Dropout"), []),
    ],
)
def test_in_place(layers: str, expected: list[str]) -> None:
    assert notes(layers) == expected


def test_dropout_is_a_copy_in_the_test_phase() -> None:
    layers = in_place("l", "Sigmoid") + in_place("s", "Dropout")
    assert notes(layers, "test") == []


ON_FIRST = (
    'layer { name: "k" type: "InnerProduct" bottom: "x" top: "k" '
    "inner_product_param { num_output: 3 } }\n"
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", []),
        ("coeff: 1 coeff: -2", []),
        ("coeff: 3 coeff: 1", [ITS_BOTTOM]),
        ("operation: PROD", [ITS_BOTTOM]),
        ("operation: MAX", [ITS_BOTTOM]),
    ],
)
def test_eltwise_onto_its_first_bottom(options: str, expected: list[str]) -> None:
    eltwise = 'layer { name: "l" type: "Eltwise" bottom: "h" bottom: "k" top: "h" eltwise_param {'
    assert notes(f"{ON_FIRST}{eltwise} {options} }} }}\n") == expected


def test_a_flattened_blob_is_the_memory_of_its_bottom() -> None:
    """Blob::ShareData: what is written into f is written into h and the other copies of h."""
    reader = (
        'layer { name: "d" type: "InnerProduct" bottom: "h" top: "y" '
        "inner_product_param { num_output: 2 } }\n"
    )
    flat = 'layer { name: "f" type: "Flatten" bottom: "h" top: "f" }\n'
    written = 'layer { name: "s" type: "Scale" bottom: "f" top: "f" }\n'
    text = "d: its backward pass reads its bottom, which layer 's' overwrites in place"
    assert notes(reader + flat + written) == [text]
    assert notes(in_place("l", "Sigmoid") + flat + written) == [ITS_TOP]
    assert notes(in_place("l", "ReLU") + reader + flat) == []


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("{flat} {relu} {reader}", ["h"]),
        ("{reader} {flat} {relu}", []),  # it has been read
        ("{flat} {relu} {reader} {again}", ["h"]),
        ("{flat} {reader}", []),
        ("{flat} {relu}", []),  # only f is read
        ('{flat} {relu} layer {{ name: "e" type: "Flatten" bottom: "h" top: "e" }}', ["h"]),
        ('{flat} layer {{ name: "e" type: "Concat" bottom: "h" top: "e" }} {relu}', ["e"]),
        ('{flat} layer {{ name: "e" type: "Slice" bottom: "h" top: "e" }} {relu}', ["e"]),
    ],
)
def test_blobs_that_share_the_memory_of_one_in_place(layers: str, expected: list[str]) -> None:
    reader = 'layer {{ name: "{0}" type: "Power" bottom: "h" top: "{0}" }}'
    text = START + layers.format(
        flat='layer { name: "f" type: "Flatten" bottom: "h" top: "f" }',
        relu='layer { name: "r" type: "ReLU" bottom: "f" top: "f" }',
        reader=reader.format("p"),
        again=reader.format("q"),
    )
    net = caffetools.from_text(text).inferred
    found = dict(zip((each.node.name for each in net.layers), overwritten_blobs(net), strict=True))
    names = dict.fromkeys(net.graph.blobs[blob].origin for blob in found.pop("r", ()))
    assert list(names) == expected
    assert not any(found.values())


def test_no_note_where_no_gradient_is_computed() -> None:
    net = caffetools.from_text(START.replace("true", "false") + in_place("l", "BNLL"))
    assert list(overwritten_notes(net.inferred)) == []


def test_parameters_of_one_blob() -> None:
    parameter = (
        'layer {{ name: "{0}" type: "Parameter" top: "{0}" param {{ name: "w" }} '
        "parameter_param {{ shape {{ dim: 3 }} }} }}\n"
    )
    scale = 'layer { name: "s" type: "Scale" bottom: "h" bottom: "p" top: "y" }\n'
    bias = 'layer { name: "b" type: "Bias" bottom: "y" bottom: "q" top: "z" }\n'
    text = "layers that share its blob overwrite each other's gradient of it"
    both = parameter.format("p") + parameter.format("q") + scale + bias
    assert notes(both) == [f"p: {text}", f"q: {text}"]
    assert notes(parameter.format("p") + scale) == []
