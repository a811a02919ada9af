"""Modules for chosen blobs: the same values, and nothing that they do not need."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import from_text
from caffetools.torch.export.export import ExportOptions, export, export_onnx, module_spec
from caffetools.torch.export.loaded_module import load_module
from caffetools.torch.export.outputs import scores_note, with_outputs
from caffetools.torch.export.structure import structured
from tests.torch.nets import PHASES, SHARING

WINDING = """
layer { name: "x" type: "Input" top: "x" top: "y"
        input_param { shape { dim: 2 dim: 4 } shape { dim: 4 dim: 2 } } }
layer { name: "i" type: "InnerProduct" bottom: "x" top: "i"
        inner_product_param { num_output: 4 weight_filler { type: "xavier" } } }
layer { name: "f" type: "Reshape" bottom: "i" top: "f" reshape_param { shape { dim: 4 dim: 2 } } }
layer { name: "r" type: "ReLU" bottom: "f" top: "f" }
layer { name: "s" type: "Slice" bottom: "f" top: "s1" top: "s2" slice_param { axis: 1 } }
layer { name: "a" type: "Power" bottom: "s1" top: "s1" power_param { scale: 3 } }
layer { name: "l" type: "EuclideanLoss" bottom: "f" bottom: "y" }
"""
"""A blob whose memory a later layer overwrites, one in place, a loss without a name."""


def values(text: str, *outputs: str, flat: bool = True) -> dict[str, torch.Tensor]:
    spec = module_spec(from_text(text, phase="test"), outputs)
    torch.manual_seed(1)
    module: Any = load_module(spec if flat else structured(spec, trains=False)).eval()
    state = {
        key: torch.linspace(-1, 1, tensor.numel()).reshape(tensor.shape)
        for key, tensor in module.state_dict().items()
    }
    module.load_state_dict(state)
    found = module(torch.linspace(-2, 1, 8).reshape(2, 4))
    assert outputs in ((), module.outputs)
    return dict(zip(module.outputs, [found] if torch.is_tensor(found) else found, strict=True))


@pytest.mark.parametrize("flat", [True, False])
def test_each_blob_has_the_value_that_it_has_with_all_the_others(flat: bool) -> None:
    blobs = ("i", "f", "s1", "s2")
    every = values(WINDING, *blobs)
    assert every["i"].min() == 0  # the ReLU overwrites its memory
    for few in (each for count in (1, 2, 3) for each in combinations(blobs, count)):
        for name, value in values(WINDING, *few, flat=flat).items():
            assert torch.equal(value, every[name]), (few, name)


def test_layers_and_inputs_that_no_output_needs_are_cut_off() -> None:
    spec = module_spec(from_text(PHASES), ("ip",))
    assert [tensor.blob for tensor in spec.inputs] == ["data"]
    assert [line.layer for line in spec.statements] == ["ip"]
    assert (spec.phases, spec.loss_weights) == (("TRAIN", "TEST"), {})
    assert [layer.node.key for layer in spec.net.layers] == ["data", "ip"]
    assert spec.net.cost.params == 4 * 3 + 3


def test_a_loss_is_one_if_it_is_chosen() -> None:
    spec = module_spec(from_text(PHASES), ("loss", "ip"))
    assert spec.loss_weights == {"loss": 1}
    assert [tensor.blob for tensor in spec.outputs["TEST"]] == ["loss", "ip"]
    assert module_spec(from_text(PHASES, phase="test"), ("accuracy",)).phases == ("TEST",)


def test_a_parameter_of_a_layer_that_is_cut_off_belongs_to_the_next() -> None:
    net = with_outputs(from_text(SHARING), ("fb", "fc"))
    owners = {layer.name: [blob.owner for blob in layer.params] for layer in net.layers[1:]}
    assert owners == {"cp": [None, None], "half": ["cp", None]}
    load_module(module_spec(net, ("fb", "fc")))


def test_onnx_has_the_scores_of_a_net_that_measures_them() -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    spec = module_spec(from_text(PHASES, phase="test"), ("ip",))
    data = export_onnx(spec, ExportOptions()).files["model.onnx"]
    graph = onnx.load_from_string(data).graph
    names = [[value.name for value in side] for side in (graph.input, graph.output)]
    assert names == [["data"], ["ip"]]


def test_a_blob_that_is_not_there() -> None:
    with pytest.raises(CaffeToolsError) as caught:
        with_outputs(from_text(PHASES), ("ipp",))
    text = "<text>:1:1: the net has no blob 'ipp' to be an output; did you mean 'ip'"
    assert str(caught.value) == text


def test_a_net_that_only_measures_says_what_its_scores_are() -> None:
    (note,) = scores_note(from_text(PHASES, phase="test"))
    assert note.message.endswith("pass --outputs ip for the scores")
    assert not [*scores_note(from_text(PHASES))]
    spec = module_spec(from_text(PHASES, phase="test"), ("ip",))
    assert "accuracies" not in str(export(spec, ExportOptions()).notes)
