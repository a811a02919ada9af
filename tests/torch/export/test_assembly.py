"""Programs: names, sharing, outputs, what is dropped, what is left to fill in."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble, assemble_folded
from caffetools.torch.export.loaded_module import load_module, to_caffe
from caffetools.torch.export.module_spec import Tie
from caffetools.torch.training.model import layer_blobs, owned_blobs
from tests.torch.nets import FOLDING, PHASES, SHARING

HEAD = 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 4 } } }\n'


def test_one_module_for_both_phases() -> None:
    spec = assemble(from_text(PHASES), from_text(PHASES, phase="test"))
    assert spec.name == "TwoPhases"
    assert spec.phases == ("TRAIN", "TEST")
    assert [tensor.blob for tensor in spec.inputs] == ["data", "label"]
    outputs = {phase: [each.blob for each in found] for phase, found in spec.outputs.items()}
    assert outputs == {"TRAIN": ["loss"], "TEST": ["accuracy", "loss"]}
    assert spec.loss_weights == {"loss": 1.0}
    assert [each.phase for each in spec.statements] == [None, "TEST", None]


def test_one_phase_where_it_must_be() -> None:
    changed = PHASES.replace("dim: 2 dim: 4 }", "dim: 2 dim: 5 }")
    spec = assemble(from_text(changed), from_text(changed, phase="test"))
    assert spec.phases == ("TRAIN",)


def test_what_is_written_in_place_is_written_to_all_that_share_the_memory() -> None:
    """Flatten shares its bottom's memory: the ReLU of f is that of x, too; not for gradients."""
    shared = """
    layer { name: "r" type: "Reshape" bottom: "x" top: "r" reshape_param { shape { dim: -1 } } }
    layer { name: "relu" type: "ReLU" bottom: "r" top: "r" }
    layer { name: "p" type: "Power" bottom: "x" top: "p" power_param { scale: 3 } }
    layer { name: "q" type: "Power" bottom: "r" top: "q" }
    """
    module = load_module(assemble(from_text("force_backward: true " + HEAD + shared)))
    x = torch.randn(2, 4, requires_grad=True)
    p, q = module(x)
    torch.testing.assert_close((p, q), (3 * x.relu(), x.relu().flatten()))
    p.sum().backward()
    assert x.grad is not None
    assert x.grad.flatten().tolist() == [3] * 8


def test_layers_that_share_all_are_one_module() -> None:
    spec = assemble(from_text(SHARING))
    assert [made.name for made in spec.constructions] == ["c", "half_"]
    assert [statement.members for statement in spec.statements[:2]] == [{"": "c"}] * 2
    assert [param.key for param in spec.params["cp"]] == ["c.weight", "c.bias"]
    assert all(param.shared for param in spec.params["cp"])


def test_a_blob_that_is_shared_alone_is_tied() -> None:
    spec = assemble(from_text(SHARING))
    assert spec.ties == (Tie("half_.weight", "c.weight"),)
    assert [param.key for param in spec.params["half"]] == ["c.weight", "half_.bias"]


def test_layers_with_a_memory_are_not_one_module() -> None:
    lstm = (
        'type: "LSTM" bottom: "x" bottom: "c" param { name: "a" } param { name: "b" } '
        'param { name: "d" } recurrent_param { num_output: 3 }'
    )
    text = (
        'layer { name: "in" type: "Input" top: "x" top: "c" '
        "input_param { shape { dim: 5 dim: 2 dim: 4 } shape { dim: 5 dim: 2 } } }\n"
        f'layer {{ name: "l1" {lstm} top: "y" }} layer {{ name: "l2" {lstm} top: "z" }}'
    )
    spec = assemble(from_text(text))
    assert [made.name for made in spec.constructions] == ["l1", "l2"]
    assert len(spec.ties) == 3


def test_a_shared_parameter_of_another_shape() -> None:
    """Both have the elements 0 to 11; the transposed one reads them in rows of its outputs."""
    text = HEAD + (
        'layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" param { name: "w" } '
        "inner_product_param { num_output: 3 bias_term: false } }\n"
        'layer { name: "b" type: "InnerProduct" bottom: "x" top: "b" '
        'param { name: "w" share_mode: PERMISSIVE } '
        "inner_product_param { num_output: 3 transpose: true bias_term: false } }"
    )
    spec = assemble(from_text(text))
    assert [tie.reshaped for tie in spec.ties] == [True]
    module: Any = load_module(spec)
    (weight,) = module.parameters()
    with torch.no_grad():
        weight.copy_(torch.arange(12.0).reshape(3, 4))
    x = torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0]])
    a, b = module(x)
    assert a.tolist() == [[0, 4, 8], [1, 5, 9]]
    assert b.tolist() == [[0, 1, 2], [3, 4, 5]]
    (b[0].sum() + 10 * a[0, 1]).backward()
    found = to_caffe(module, {"a.weight": weight.grad})
    assert found["a"][0].tolist() == [[1, 1, 1, 0], [10, 0, 0, 0], [0, 0, 0, 0]]
    assert found["b"][0].tolist() == [[1, 1, 1], [0, 10, 0], [0, 0, 0], [0, 0, 0]]
    shapes = [(blob.layer, blob.shape) for blob in layer_blobs(module)]
    assert shapes == [("a", (3, 4)), ("b", (4, 3))]
    assert len(owned_blobs(module)) == 1


def test_what_only_silence_reads_is_dropped() -> None:
    text = HEAD + (
        'layer { name: "r" type: "ReLU" bottom: "x" top: "r" }\n'
        'layer { name: "s" type: "Silence" bottom: "r" bottom: "x" }'
    )
    spec = assemble(from_text(text))
    assert [tensor.blob for tensor in spec.statements[-1].bottoms] == ["r"]
    assert spec.outputs == {"TRAIN": ()}


def test_a_loss_without_a_name_is_an_output() -> None:
    spec = assemble(from_text(PHASES.replace(' top: "loss" }', " }")))
    (tensor,) = spec.outputs["TRAIN"]
    assert (tensor.blob, tensor.variable) == ("(automatic)", "loss")
    assert spec.loss_weights == {"(automatic)": 1.0}


@pytest.mark.parametrize(
    ("given", "weight"), [("", 1.0), ("loss_weight: 2", 2.0), ("loss_weight: 0.5", 0.5)]
)
def test_a_loss_that_is_read_has_the_weight_that_it_is_given(given: str, weight: float) -> None:
    """Caffe moves it to the Split, from which alone the gradient comes."""
    text = HEAD + (
        f'layer {{ name: "l" type: "EuclideanLoss" bottom: "x" bottom: "x" top: "l" {given} }}\n'
        'layer { name: "p" type: "Power" bottom: "l" top: "p" }'
    )
    spec = assemble(from_text(text))
    assert spec.loss_weights == {"l": weight}
    assert {tensor.blob for tensor in spec.outputs["TRAIN"]} == {"l", "p"}


def test_layers_of_unknown_types_are_left_to_fill_in() -> None:
    odd = 'type: "Odd-Layer" bottom: "x"'
    text = HEAD + f'layer {{ name: "a" {odd} top: "a" }} layer {{ name: "b" {odd} top: "b" }}'
    spec = assemble(from_text(text))
    (placeholder,) = spec.placeholders
    assert (placeholder.name, placeholder.type) == ("OddLayer", "Odd-Layer")
    assert [layer.node.name for layer in placeholder.layers] == ["a", "b"]


def test_folded_layers_are_gone() -> None:
    spec = assemble_folded(from_text(FOLDING, phase="test"))
    assert [statement.layer for statement in spec.statements] == ["c", "r", "d", "i"]
    assert [fold.layer for fold in spec.folds] == ["c", "d", "i"]
    assert [tensor.blob for tensor in spec.outputs["TEST"]] == ["b3"]
