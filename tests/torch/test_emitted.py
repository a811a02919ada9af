"""Emitted modules, whole: what they compute against Caffe's own results, and what their text is."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

import caffetools
from caffetools.torch.assembly import assemble
from caffetools.torch.code import model_code
from caffetools.torch.program import Program
from caffetools.weights.reading import read_weights

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")

ROOT = Path(__file__).parents[2]

CASES = (
    "absval", "accuracy", "bn_global", "bn_test", "bn_train", "bnll", "clip", "concat", "conv_0",
    "conv_3d", "conv_depthwise", "conv_lists", "deconv_0", "deconv_dilated", "eltwise_max",
    "eltwise_prod", "eltwise_sum", "elu", "exp", "ip_axis_neg", "log", "lrn_0_across_channels",
    "lrn_2_within_channel", "mvn_0", "pool_clip_max", "pool_floor_ave", "pool_global_ave",
    "power_affine", "prelu", "relu_leaky", "residual", "scale_bias", "slice_points", "softmax",
    "softmaxloss", "softmaxloss_spatial_valid", "split", "threshold",
)  # fmt: skip
"""Cases whose layers have an emitter."""


def namespace(program: Program) -> dict[str, Any]:
    """What an emitted model defines."""
    space: dict[str, Any] = {"__name__": "model", "__file__": "model.py"}
    exec(compile(model_code(program), "model.py", "exec", dont_inherit=True), space)
    return space


def close(expected: Any, actual: Any) -> bool:
    expected, actual = np.asarray(expected, np.float64), np.asarray(actual, np.float64)
    if expected.shape != actual.shape:
        return False
    known = expected[np.isfinite(expected) & (np.abs(expected) < 1e30)]
    limit = 1e-4 * np.abs(known).max(initial=0) + 1e-6
    return bool(np.allclose(expected, actual, rtol=0, atol=limit, equal_nan=True))


@pytest.mark.parametrize("case", CASES)
def test_forward_and_backward_are_caffes(shared: Path, case: str) -> None:
    folder = shared / "golden" / "layers" / case
    told = json.loads((folder / "case.json").read_text())
    with np.load(folder / "data.npz") as stored:
        data = dict(stored)
    program = assemble(caffetools.load(folder / "net.prototxt", phase=told["phase"].lower()))
    assert not program.placeholders
    module = namespace(program)["build"]()
    state = {**module.state_dict(), **dict(module.named_parameters())}
    with torch.no_grad():
        for layer in read_weights(folder / "net.caffemodel").layers:
            for parameter, blob in zip(
                program.params.get(layer.name, ()), layer.blobs, strict=False
            ):
                values = torch.tensor(blob.as_float32(parameter.stored))
                state[parameter.key].copy_(values)
    module.train(told["phase"] == "TRAIN")
    inputs = {blob: torch.tensor(data[f"in/{blob}"]) for blob in module.inputs}
    for blob, value in inputs.items():
        value.requires_grad_(f"din/{blob}" in data)
    found = module(*inputs.values())
    outputs = dict(zip(module.outputs, (found,) if torch.is_tensor(found) else found, strict=True))
    assert set(outputs) == set(told["outputs"])
    for blob, value in outputs.items():
        assert close(data[f"out/{blob}"], value.detach().numpy()), blob
    if not told["backward"]:
        return
    losses = [
        (value * torch.tensor(data[f"topdiff/{blob}"]).reshape(value.shape)).sum()
        for blob, value in outputs.items()
        if f"topdiff/{blob}" in data
    ] or [value.sum() for value in outputs.values()]
    sum(losses).backward()
    for blob, value in inputs.items():
        if f"din/{blob}" in data:
            assert close(data[f"din/{blob}"], value.grad.numpy()), blob


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
