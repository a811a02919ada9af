"""Layers with their emissions, and the phases that one module can serve."""

from __future__ import annotations

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import from_text
from caffetools.torch.export.emitted_layers import blob_keys, emit_layers, merge_phases
from tests.torch.nets import PHASES


def phases(text: str) -> list[tuple[str, str | None]] | None:
    found = merge_phases(from_text(text, phase="train"), from_text(text, phase="test"))
    return None if found is None else [(line.layer.node.name, line.phase) for line in found]


def test_phases_that_differ_by_data_and_accuracy() -> None:
    assert phases(PHASES) == [("data", None), ("ip", None), ("accuracy", "TEST"), ("loss", None)]


def test_a_softmax_in_place_of_the_loss() -> None:
    text = PHASES.replace('top: "loss" }', 'top: "loss" include { phase: TRAIN } }')
    text += 'layer { name: "p" type: "Softmax" bottom: "ip" top: "p" include { phase: TEST } }'
    expected = [
        ("data", None),
        ("ip", None),
        ("loss", "TRAIN"),
        ("accuracy", "TEST"),
        ("p", "TEST"),
    ]
    assert phases(text) == expected


@pytest.mark.parametrize(
    "change",
    [
        # A layer with parameters, in one phase alone.
        ('"accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy"',
         '"q" type: "InnerProduct" bottom: "ip" top: "q" inner_product_param { num_output: 2 }'),
        # Other inputs.
        (('top: "data" top: "label" include { phase: TEST }\n        '
         'input_param { shape { dim: 2 dim: 4 } shape { dim: 2 } }'),
         ('top: "data" top: "label" top: "more" include { phase: TEST }\n        '
         'input_param { shape { dim: 2 dim: 4 } shape { dim: 2 } shape { dim: 1 } }')),
        # A layer of both reads what one phase alone computes in place.
        ('"accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy"',
         '"q" type: "Sigmoid" bottom: "ip" top: "ip"'),
        # Items of another size.
        ("dim: 2 dim: 4 }", "dim: 2 dim: 5 }"),
    ],
)  # fmt: skip
def test_phases_that_differ_otherwise(change: tuple[str, str]) -> None:
    assert change[0] in PHASES
    assert phases(PHASES.replace(*change)) is None


def test_an_unknown_shape_is_told_at_the_layer_that_needs_it() -> None:
    text = (
        'layer { name: "d" type: "Input" top: "d" }\n'
        'layer { name: "r" type: "ReLU" bottom: "d" top: "r" }'
    )
    with pytest.raises(CaffeToolsError) as caught:
        emit_layers(from_text(text))
    assert str(caught.value) == (
        "<text>:2:32: the shape of the bottom 'd' is unknown: pass --input-shape d=D,D,…"
    )


def test_tops_without_a_name_are_numbered() -> None:
    text = PHASES.replace(' top: "loss" }', " }")
    text += 'layer { name: "l2" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }'
    net = from_text(text)
    keys = blob_keys(net)
    assert [key for key in keys if "automatic" in key] == ["(automatic)", "(automatic)#2"]
    assert "ip" in keys
