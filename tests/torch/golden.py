"""Exported modules compared with what real Caffe computed of the same small nets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import caffetools
from caffetools.formats.weights import read_weights
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module
from caffetools.torch.export.state_dict import transfer_weights
from tests.torch.cases import Case, assert_close, read_case


def check_emitted(caffe: Path, name: str, device: str = "cpu", relative: float = 1e-4) -> None:
    """Export the net of the case `name` with its weights, and compare the module with Caffe."""
    case = replace(read_case(caffe, name), device=device, relative=relative)
    program = assemble(caffetools.load(caffe / name / "net.prototxt", phase=case.phase.lower()))
    assert not program.placeholders
    weights = read_weights(str(caffe / name / "net.caffemodel"))
    module: Any = load_module(program, transfer_weights(program, weights).tensors)
    check_module(case, module.train(case.phase == "TRAIN").to(device))


def check_module(case: Case, module: Any) -> None:
    """Outputs, running statistics and gradients of inputs and blobs are Caffe's."""
    inputs = case.inputs()
    result = module(*(inputs[blob] for blob in module.inputs))
    results = (result,) if isinstance(result, Tensor) else result
    outputs = dict(zip(module.outputs, results, strict=True))
    assert set(outputs) == set(case.outputs)
    for blob, output in outputs.items():
        assert_close(case.arrays[f"out/{blob}"], output, blob, case.relative)
    _check_statistics(case, module)
    if case.backward:
        _check_backward(case, module, inputs, outputs)


def _check_statistics(case: Case, module: nn.Module) -> None:
    """Mean and variance of each BatchNorm after the pass: Caffe's sums divided by their factor."""
    blobs = caffetools.to_caffe(module)
    for key, wanted in case.arrays.items():
        if key.startswith("after/") and not key.endswith("/2"):
            layer, _, index = key.removeprefix("after/").rpartition("/")
            factor = case.arrays[f"after/{layer}/2"]
            found = torch.from_numpy(blobs[layer][int(index)] / blobs[layer][2])
            assert_close(wanted / factor, found, key, case.relative)


def _check_backward(
    case: Case, module: nn.Module, inputs: dict[str, Tensor], outputs: dict[str, Tensor]
) -> None:
    total = torch.zeros((), device=case.device)
    for blob, output in outputs.items():
        if f"topdiff/{blob}" in case.arrays:
            total = total + (output * case.tensor(f"topdiff/{blob}").reshape(output.shape)).sum()
        else:
            total = total + caffetools.loss_weight(module, blob) * output.sum()
    torch.autograd.backward(total)
    for blob, leaf in inputs.items():
        if leaf.requires_grad:
            found = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
            assert_close(case.arrays[f"din/{blob}"], found, f"gradient of {blob}", case.relative)
    named = module.named_parameters()
    gradients = caffetools.to_caffe(module, {n: p.grad for n, p in named if p.grad is not None})
    for key, wanted in case.arrays.items():
        if key.startswith("dparam/"):
            layer, _, index = key.removeprefix("dparam/").rpartition("/")
            assert_close(wanted, torch.from_numpy(gradients[layer][int(index)]), key, case.relative)
