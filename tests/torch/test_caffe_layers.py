"""Exported modules compared with what real Caffe computed of the same small nets.

Each case is one layer, or a small net, with seeded inputs and weights. Outputs, running statistics
and the gradients of inputs and blobs are equal to Caffe's within 1e-4 of the largest value.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn

import caffetools
from caffetools.formats.weights import read_weights
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module
from caffetools.torch.export.state_dict import transfer_weights
from tests.caffe_results import cases
from tests.torch.cases import Case, assert_close, read_case


@pytest.mark.parametrize("name", [*cases("layers"), *cases("layers_ssd"), *cases("layers_hard")])
def test_a_case(caffe: Path, name: str) -> None:
    case = read_case(caffe, name)
    program = assemble(caffetools.load(caffe / name / "net.prototxt", phase=case.phase.lower()))
    assert not program.placeholders
    weights = read_weights(str(caffe / name / "net.caffemodel"))
    module: Any = load_module(program, transfer_weights(program, weights).tensors)
    check(case, module.train(case.phase == "TRAIN"))


def check(case: Case, module: Any) -> None:
    inputs = case.inputs()
    result = module(*(inputs[blob] for blob in module.inputs))
    results = (result,) if isinstance(result, Tensor) else result
    outputs = dict(zip(module.outputs, results, strict=True))
    assert set(outputs) == set(case.outputs)
    for blob, output in outputs.items():
        assert_close(case.arrays[f"out/{blob}"], output, blob)
    check_statistics(case, module)
    if case.backward:
        check_backward(case, module, inputs, outputs)


def check_statistics(case: Case, module: nn.Module) -> None:
    """Mean and variance of each BatchNorm after the pass: Caffe's sums divided by their factor."""
    blobs = caffetools.to_caffe(module)
    for key, wanted in case.arrays.items():
        if key.startswith("after/") and not key.endswith("/2"):
            layer, _, index = key.removeprefix("after/").rpartition("/")
            factor = case.arrays[f"after/{layer}/2"]
            found = torch.from_numpy(blobs[layer][int(index)] / blobs[layer][2])
            assert_close(wanted / factor, found, key)


def check_backward(
    case: Case, module: nn.Module, inputs: dict[str, Tensor], outputs: dict[str, Tensor]
) -> None:
    total = torch.zeros(())
    for blob, output in outputs.items():
        if f"topdiff/{blob}" in case.arrays:
            total = total + (output * case.tensor(f"topdiff/{blob}").reshape(output.shape)).sum()
        else:
            total = total + caffetools.loss_weight(module, blob) * output.sum()
    torch.autograd.backward(total)
    for blob, leaf in inputs.items():
        if leaf.requires_grad:
            found = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
            assert_close(case.arrays[f"din/{blob}"], found, f"gradient of {blob}")
    named = module.named_parameters()
    gradients = caffetools.to_caffe(module, {n: p.grad for n, p in named if p.grad is not None})
    for key, wanted in case.arrays.items():
        if key.startswith("dparam/"):
            layer, _, index = key.removeprefix("dparam/").rpartition("/")
            assert_close(wanted, torch.from_numpy(gradients[layer][int(index)]), key)


def test_a_difference_is_seen(caffe: Path) -> None:
    """A wrong output, and a wrong gradient, fail."""
    case = read_case(caffe, "layers/power_affine")
    program = assemble(caffetools.load(caffe / case.name / "net.prototxt", phase="train"))

    class Shifted(nn.Module):
        inputs, outputs = program.inputs[0].blob, tuple(case.outputs)

        def __init__(self, *, forward: bool) -> None:
            super().__init__()
            self.inner, self.forward_too = load_module(program), forward
            self.inputs = self.inner.inputs  # type: ignore[assignment]
            self.caffe_params: dict[str, tuple[str, ...]] = {}

        def forward(self, blob: Tensor) -> Any:
            wrong = blob * 1.001
            value = self.inner(wrong)
            return value if self.forward_too else value - (value - self.inner(blob)).detach()

    for forward, message in ((True, "y"), (False, "gradient of")):
        with pytest.raises(AssertionError, match=message):
            check(case, Shifted(forward=forward))
