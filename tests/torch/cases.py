"""Cases that real Caffe computed, compared with a function of tensors."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Case:
    """One small net: its inputs, weights, outputs and gradients, by the names in data.npz."""

    name: str
    phase: str
    outputs: tuple[str, ...]
    backward: bool
    arrays: Mapping[str, np.ndarray]
    device: str = "cpu"
    relative: float = 1e-4
    """Tolerance of `assert_close`."""

    def tensor(self, key: str) -> Tensor:
        return torch.tensor(self.arrays[key], device=self.device)

    def inputs(self) -> dict[str, Tensor]:
        """The net's inputs, those with a gradient as leaves that want one."""
        names = [key[3:] for key in self.arrays if key.startswith("in/")]
        return {
            name: self.tensor(f"in/{name}").requires_grad_(f"din/{name}" in self.arrays)
            for name in names
        }

    def load(self, module: nn.Module, layer: str) -> None:
        """Set the module's parameters, or else its buffers, to a layer's blobs, in order."""
        blobs: list[Tensor] = [*module.parameters()] or [*module.buffers()]
        keys = [key for key in self.arrays if key.startswith(f"param/{layer}/")]
        for key, blob in zip(sorted(keys), blobs, strict=True):
            with torch.no_grad():
                blob.copy_(self.tensor(key))


def read_case(caffe: Path, name: str) -> Case:
    """The case `name` of the fixture `caffe`."""
    folder = caffe / name
    case = json.loads((folder / "case.json").read_text())
    with np.load(folder / "data.npz") as arrays:
        return Case(
            name, case["phase"], tuple(case["outputs"]), case["backward"], dict(arrays.items())
        )


def assert_close(want: np.ndarray, got: Tensor, what: str, relative: float = 1e-4) -> None:
    """Equal in shape and all elements, within `relative` of the largest; NaN where NaN is."""
    values = got.detach().cpu().double().numpy()
    expected = want.astype(np.float64)
    assert values.shape == expected.shape, what
    usual = np.abs(expected[np.abs(expected) < 1e30])
    limit = relative * usual.max(initial=0) + 1e-6
    np.testing.assert_allclose(values, expected, rtol=0, atol=limit, err_msg=what)


def gradients(output: Tensor, *leaves: Tensor) -> tuple[Tensor, ...]:
    """The gradients of the sum of `output`, 0 for what it does not depend on."""
    if not output.requires_grad:
        return tuple(torch.zeros_like(leaf) for leaf in leaves)
    return torch.autograd.grad(output.sum(), leaves, materialize_grads=True)


Blobs = dict[str, Tensor]


def check_case(
    case: Case,
    function: Callable[[Blobs], Blobs],
    modules: Mapping[str, nn.Module] | None = None,
    loss_weights: Mapping[str, float] | None = None,
) -> None:
    """Do outputs, gradients of the inputs and gradients of the blobs equal Caffe's?

    `function` takes the inputs and gives the outputs; `modules` are the layers with blobs, which
    are set to Caffe's first; an output without a gradient of its own enters the loss with its
    weight, by default 1.
    """
    modules, loss_weights = modules or {}, loss_weights or {}
    for layer, module in modules.items():
        case.load(module, layer)
        module.train(case.phase == "TRAIN")
    inputs = case.inputs()
    outputs = function(inputs)
    assert set(outputs) == set(case.outputs)
    for name, output in outputs.items():
        assert_close(case.arrays[f"out/{name}"], output, f"{case.name}: {name}")
    if not case.backward:
        return
    total = torch.zeros(())
    for name, output in outputs.items():
        if f"topdiff/{name}" in case.arrays:
            total = total + (output * case.tensor(f"topdiff/{name}").reshape(output.shape)).sum()
        else:
            total = total + loss_weights.get(name, 1.0) * output.sum()
    wanted = {f"din/{name}": leaf for name, leaf in inputs.items() if leaf.requires_grad}
    for layer, module in modules.items():
        blobs = enumerate(module.parameters())
        wanted |= {f"dparam/{layer}/{index}": blob for index, blob in blobs}
    found = gradients(total, *wanted.values())
    for key, gradient in zip(wanted, found, strict=True):
        assert_close(case.arrays[key], gradient, f"{case.name}: {key}")


Result = Tensor | tuple[Tensor, ...]


def leaves(result: Result) -> list[Tensor]:
    return [result] if isinstance(result, Tensor) else list(result)


def check_runs_everywhere(function: Callable[..., Result], *arguments: Tensor) -> None:
    """Does it compile as one graph, give shapes on the meta device, run under autocast and in half?

    In bfloat16 the number of boxes or regions may differ, not the number of axes.
    """
    expected = leaves(function(*arguments))
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager", dynamic=False)
    for got, want in zip(leaves(compiled(*arguments)), expected, strict=True):
        torch.testing.assert_close(got, want, equal_nan=True)
    on_meta = copy.deepcopy(function).to("meta") if isinstance(function, nn.Module) else function
    shapes = [leaf.shape for leaf in leaves(on_meta(*(arg.to("meta") for arg in arguments)))]
    assert shapes == [leaf.shape for leaf in expected]
    with torch.autocast("cpu", torch.bfloat16):
        assert [leaf.shape for leaf in leaves(function(*arguments))] == shapes
    low = copy.deepcopy(function)
    low = low.bfloat16() if isinstance(low, nn.Module) else low
    half = [arg.bfloat16() if arg.is_floating_point() else arg for arg in arguments]
    assert [leaf.dim() for leaf in leaves(low(*half))] == [leaf.dim() for leaf in expected]
