"""Emitted modules as a whole: their text, hostile names, precision, copies, shapes of real nets."""

from __future__ import annotations

import ast
import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import caffetools
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.model_code import model_code
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.names import MODULE_ATTRIBUTES, RESERVED
from caffetools.torch.export.verification import with_all_outputs
from tests.strategies import names, quoted

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")

ROOT = Path(__file__).parents[2]


def namespace(program: ModuleSpec) -> dict[str, Any]:
    """What an emitted model defines."""
    space: dict[str, Any] = {"__name__": "model", "__file__": "model.py"}
    exec(compile(model_code(program), "model.py", "exec", dont_inherit=True), space)
    return space


HOSTILE = (
    "class",
    "forward",
    'a"b',
    "a\nb",
    "'; import os #",
    "",
    "half",
    "x" * 10_000,
    "\u0430bc",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_never_becomes_code(name: str) -> None:
    quoted = json.dumps(name, ensure_ascii=False)
    text = (
        f"name: {quoted} "
        f'layer {{ name: "in" type: "Input" top: {quoted} '
        "input_param { shape { dim: 1 dim: 4 } } } "
        f'layer {{ name: {quoted} type: "InnerProduct" bottom: {quoted} top: "y" '
        "inner_product_param { num_output: 3 } }"
    )
    program = assemble(caffetools.from_text(text))
    assert model_code(program) == model_code(program)
    body = ast.parse(model_code(program)).body
    kinds = ast.Import | ast.ImportFrom | ast.ClassDef | ast.FunctionDef | ast.Expr
    assert all(isinstance(node, kinds) for node in body)
    module = namespace(program)["build"]()
    assert module(torch.zeros(1, 4)).shape == (1, 3)
    assert module.inputs == (name,)


def test_caffenet_has_its_shapes_on_the_meta_device() -> None:
    program = assemble(
        caffetools.load(ROOT / "examples/caffenet/deploy_1000.prototxt", phase="test")
    )
    assert not program.placeholders
    with torch.device("meta"):
        module = namespace(program)["build"]()
        output = module(torch.zeros(10, 3, 227, 227))
    assert output.shape == (10, 1000)
    assert sum(value.numel() for value in module.parameters()) == 60_965_224


def test_a_layer_without_an_emitter_is_a_placeholder() -> None:
    text = (
        'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 } } } '
        'layer { name: "odd" type: "Unheard" bottom: "x" top: "y" }'
    )
    program = assemble(caffetools.from_text(text))
    assert [placeholder.type for placeholder in program.placeholders] == ["Unheard"]


LIKELY = sorted(MODULE_ATTRIBUTES | RESERVED | {"self", "nn", "F", "torch", "inputs", "l", "#"})
OURS = re.compile(
    r"super|super\(\)\.__init__|nn\.Linear|nn\.init\.zeros_|F\.relu|\w+\.relu_|model\.\w+|self\.\w+|\w+"
)
"""What a model of linear layers and ReLUs calls."""


@settings(max_examples=60)
@given(st.lists(names | st.sampled_from(LIKELY), min_size=6, max_size=6))
def test_any_names_at_all(found: list[str]) -> None:
    net, layer, relu, first, second, third = map(quoted, found)
    assume(len(set(found[3:])) == 3)
    text = (
        f'name: {net} layer {{ name: "" type: "Input" top: {first} '
        "input_param { shape { dim: 1 dim: 4 } } }\n"
        f'layer {{ name: {layer} type: "InnerProduct" bottom: {first} top: {second} '
        "inner_product_param { num_output: 3 } }\n"
        f'layer {{ name: {relu} type: "ReLU" bottom: {second} top: {second} }}\n'
        f'layer {{ name: {layer} type: "InnerProduct" bottom: {second} top: {third} '
        "inner_product_param { num_output: 2 } }"
    )
    program = assemble(caffetools.from_text(text))
    code = model_code(program)
    assert code.isascii()
    model = next(node for node in ast.parse(code).body if isinstance(node, ast.ClassDef))
    calls = [node.func for node in ast.walk(model) if isinstance(node, ast.Call)]
    assert all(OURS.fullmatch(ast.unparse(call)) for call in calls)
    module = namespace(program)["build"]()
    assert module(torch.ones(1, 4)).shape == (1, 2)
    assert (module.inputs, module.outputs) == ((found[3],), (found[5],))
    assert len(module.state_dict()) == 4


MODEL = """
layer { name: "data" type: "Input" top: "data" input_param {
  shape { dim: 2 dim: 3 dim: 33 dim: 33 } } }
layer { name: "c1" type: "Convolution" bottom: "data" top: "c1"
  convolution_param { num_output: 8 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "b1" type: "BatchNorm" bottom: "c1" top: "c1" }
layer { name: "s1" type: "Scale" bottom: "c1" top: "c1" scale_param { bias_term: true } }
layer { name: "r1" type: "ReLU" bottom: "c1" top: "c1" }
layer { name: "n1" type: "LRN" bottom: "c1" top: "n1" }
layer { name: "p1" type: "Pooling" bottom: "n1" top: "p1"
  pooling_param { kernel_size: 2 stride: 3 } }
layer { name: "n2" type: "LRN" bottom: "p1" top: "n2"
  lrn_param { norm_region: WITHIN_CHANNEL local_size: 3 } }
layer { name: "e" type: "Eltwise" bottom: "p1" bottom: "n2" top: "e"
  eltwise_param { operation: MAX } }
layer { name: "ip" type: "InnerProduct" bottom: "e" top: "ip"
  inner_product_param { num_output: 4 weight_filler { type: "xavier" } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 2 } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
layer { name: "mvn" type: "MVN" bottom: "e" top: "m" }
"""
"""A net with what most nets have, and helpers in each of their kinds."""


def module_and_inputs() -> tuple[Any, tuple[Any, ...]]:
    torch.manual_seed(0)
    module = namespace(assemble(caffetools.from_text(MODEL)))["build"]()
    return module, (torch.randn(2, 3, 33, 33), torch.tensor([0.0, 3.0]))


@pytest.mark.parametrize("training", [True, False])
def test_compiled_without_a_break(*, training: bool) -> None:
    module, inputs = module_and_inputs()
    module.train(training)
    state = {key: value.clone() for key, value in module.state_dict().items()}
    expected = module(*inputs)
    module.load_state_dict(state)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    for one, other in zip(expected, compiled(*inputs), strict=True):
        torch.testing.assert_close(one, other)


def test_torch_export() -> None:
    module, inputs = module_and_inputs()
    module.eval()
    exported = torch.export.export(module, inputs).module()
    for one, other in zip(module(*inputs), exported(*inputs), strict=True):
        torch.testing.assert_close(one, other)


def test_autocast() -> None:
    module, inputs = module_and_inputs()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        results = module(*inputs)
        sum(value.float().sum() for value in results).backward()
    assert all(value.isfinite().all() for value in results)
    assert all(value.grad.isfinite().all() for value in module.parameters())


def test_channels_last() -> None:
    module, (picture, label) = module_and_inputs()
    module.eval()
    expected = module(picture, label)
    module.to(memory_format=torch.channels_last)
    found = module(picture.contiguous(memory_format=torch.channels_last), label)
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_copies_and_pickles() -> None:
    module, inputs = module_and_inputs()
    module.eval()
    for one, other in zip(module(*inputs), copy.deepcopy(module)(*inputs), strict=True):
        torch.testing.assert_close(one, other)


def test_shapes_of_real_nets(shared: Path) -> None:
    """On the meta device, some of the golden nets, as Caffe has them."""
    lines = (shared / "golden" / "nets.jsonl").read_text().splitlines()
    for line in lines[7::100]:
        check_shapes(shared, json.loads(line))


def check_shapes(shared: Path, record: dict[str, Any]) -> None:
    path = shared / "corpus" / record["file"]
    shapes = {blob: tuple(shape) for blob, shape in record["inputs"].items()}
    net = caffetools.load(path, phase=record["phase"].lower(), input_shapes=shapes)
    program = with_all_outputs(assemble(net))
    with torch.device("meta"), torch.no_grad():
        module = namespace(program)["build"]().train(record["phase"] == "TRAIN")
        found = module(*(torch.zeros(tensor.shape) for tensor in program.inputs))
    found = (found,) if torch.is_tensor(found) else found
    (tensors,) = program.outputs.values()
    made = {tensor.blob: list(value.shape) for tensor, value in zip(tensors, found, strict=True)}
    rows = [layer for layer in record["layers"] if layer["type"] != "Split"]
    expected = {
        net.blob(blob): shape
        for layer, row in zip(net.layers, rows, strict=True)
        for blob, shape in zip(layer.node.tops, row["top_shapes"], strict=True)
    }
    assert made
    assert made == {blob: expected[blob] for blob in made}
