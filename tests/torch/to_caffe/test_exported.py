"""Exported programs: names, lines, constants, inputs that Caffe cannot have."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from caffetools.errors import CaffeToolsError, Location
from caffetools.torch.to_caffe.exported import ExportedModel
from tests.torch.drafts import Called


class Block(nn.Module):
    """A module in a module, called twice."""

    weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 1)
        self.act = nn.ReLU()
        self.register_buffer("weights", torch.ones(2, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.conv(x))
        y: Tensor = self.act(x - 1) + x * (self.weights * 2)
        return y


def exported(module: nn.Module, *inputs: Tensor, **options: Any) -> ExportedModel:
    names = options.pop("names", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch itself
        program = torch.export.export(module.eval(), inputs, strict=False, **options)
        return ExportedModel(program.run_decompositions({}), "net", names, Location("net"))


def test_names_are_those_of_modules_and_functions() -> None:
    model = exported(nn.Sequential(Block(), nn.Flatten()), torch.zeros(1, 2, 3, 3))
    assert [operation.name for operation in model.operations] == [
        "0.conv", "0.act", "0.sub", "0.act_2", "0.mul", "0.add", "1",
    ]  # fmt: skip
    assert [*model.inputs] == ["input"]
    assert model.outputs == {"view": "1"}
    assert model.operations[2].place == Location(
        __file__, Block.forward.__code__.co_firstlineno + 2
    )


def test_constants_are_computed() -> None:
    """The weights times 2 are no operator."""
    model = exported(Block(), torch.zeros(1, 2, 3, 3))
    product = next(each for each in model.operations if each.kind == "mul")
    assert len(product.operands) == 1
    assert "mul" in model.constants


def test_values() -> None:
    model = exported(Called(lambda x: torch.relu(x - 1) * 2), torch.zeros(1, 3))
    x = torch.tensor([[0.5, 1.5, 3]])
    found = model.values({"x" if "x" in model.inputs else next(iter(model.inputs)): x.numpy()},
                         {"relu", "mul"})  # fmt: skip
    assert {key: value.tolist() for key, value in found.items()} == {
        "relu": [[0, 0.5, 2]],
        "mul": [[0, 1, 4]],
    }


def test_integer_inputs_keep_their_example() -> None:
    model = exported(Called(lambda x: x * 0.5), torch.tensor([[1, 2]]), names=["words"])
    (given,) = model.inputs.values()
    assert (given.name, given.shape, given.values().tolist()) == ("words", (1, 2), [[1, 2]])


def test_a_dynamic_shape_is_refused() -> None:
    batch = torch.export.Dim("batch", min=1, max=8)
    with pytest.raises(CaffeToolsError, match="has a dynamic shape, "):
        exported(nn.ReLU(), torch.zeros(2, 3), dynamic_shapes=({0: batch},))


@pytest.mark.parametrize(
    ("module", "names", "message"),
    [
        (nn.ReLU(), ["a", "b"], "expected a name for each of 1 inputs, found .'a', 'b'."),
        (Called(lambda x: (x + 1, torch.ones(2))), None, "an output does not depend on an input"),
    ],
)
def test_refusals(module: nn.Module, names: list[str] | None, message: str) -> None:
    with pytest.raises(CaffeToolsError, match=f"^net: {message}"):
        exported(module, torch.zeros(1, 3), names=names)
