"""A program -> the module itself, in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from caffetools.torch.export.code import model_code
from caffetools.torch.export.program import Program


def module_of(program: Program, tensors: Mapping[str, NDArray[Any]] | None = None) -> nn.Module:
    """The module in the phase of its program; `tensors` are weights by the keys of its state dict.

    What they lack is as Caffe's fillers make it.
    """
    space: dict[str, Any] = {"__name__": "model", "__file__": "model.py"}
    exec(compile(model_code(program), "model.py", "exec"), space)  # noqa: S102  # our own text
    module: nn.Module = space["build"]()
    state = {key: torch.tensor(values) for key, values in (tensors or {}).items()}
    module.load_state_dict(state, strict=False)
    return module.train(program.phases[0] == "TRAIN")


def results_of(module: nn.Module, *inputs: NDArray[Any]) -> list[NDArray[Any]]:
    """What the module makes of these inputs, as arrays, in the order of its outputs."""
    with torch.no_grad():
        found = module(*map(torch.tensor, inputs))
    return [each.numpy() for each in ((found,) if isinstance(found, torch.Tensor) else found)]
