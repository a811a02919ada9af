"""Cases that real Caffe computed, compared with the emitted modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import caffetools
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.model_code import model_code
from caffetools.torch.export.module_spec import ModuleSpec
from tests.torch.cases import Blobs, check_case, read_case


def module_of(program: ModuleSpec) -> Any:
    """The emitted module, made."""
    assert not program.placeholders
    space: dict[str, Any] = {"__name__": "model", "__file__": "model.py"}
    exec(compile(model_code(program), "model.py", "exec", dont_inherit=True), space)
    return space["build"]()


def check_emitted(caffe: Path, name: str) -> None:
    """Do outputs, gradients of the inputs and gradients of the blobs equal Caffe's?"""
    case = read_case(caffe, name)
    net = caffetools.load(caffe / name / "net.prototxt", phase=case.phase.lower())
    program = assemble(net)
    module = module_of(program)
    module.train(case.phase == "TRAIN")

    def compute(blobs: Blobs) -> Blobs:
        found: Tensor | tuple[Tensor, ...] = module(*(blobs[blob] for blob in module.inputs))
        results = (found,) if isinstance(found, Tensor) else found
        return dict(zip(module.outputs, results, strict=True))

    layers = {
        key: Layer(module, [param.key for param in params])
        for key, params in program.params.items()
        if params
    }
    check_case(case, compute, layers, program.loss_weights)


class Layer(torch.nn.Module):
    """The parameters of one layer, in the order of its blobs."""

    def __init__(self, module: torch.nn.Module, keys: list[str]) -> None:
        super().__init__()
        self.blobs = torch.nn.ParameterList(module.get_parameter(key) for key in keys)
