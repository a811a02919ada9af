"""Fillers: a loop over the modules of a type, and what differs behind it."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.fills import fills

HEAD = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 5 } } }'


def linear(name: str, fillers: str) -> str:
    return (
        f'layer {{ name: "{name}" type: "InnerProduct" bottom: "x" top: "{name}" '
        f"inner_product_param {{ num_output: 3 {fillers} }} }}"
    )


ONES = 'weight_filler { type: "constant" value: 1 }'
TWOS = 'weight_filler { type: "constant" value: 2 }'
NET = HEAD + linear("a", ONES) + linear("b", f"{ONES} bias_term: false") + linear("c", TWOS)


def lines(text: str) -> list[str]:
    return [line.strip() for line in fills(assemble(from_text(text)), ExpressionWriter())][2:]


def test_a_loop_sets_what_most_have() -> None:
    assert lines(NET) == [
        "for module in self.modules():",
        "if isinstance(module, nn.Linear):",
        "nn.init.ones_(module.weight)",
        "if module.bias is not None:",
        "nn.init.zeros_(module.bias)",
        "nn.init.constant_(self.c.weight, 2.0)",
    ]


def test_few_parameters_are_set_one_by_one() -> None:
    assert lines(HEAD + linear("a", ONES)) == [
        "nn.init.ones_(self.a.weight)",
        "nn.init.zeros_(self.a.bias)",
    ]


def test_nothing_to_fill() -> None:
    assert list(fills(assemble(from_text(HEAD)), ExpressionWriter())) == []


def test_the_values() -> None:
    pytest.importorskip("torch")
    from caffetools.torch.export.loaded_module import load_module

    state = load_module(assemble(from_text(NET))).state_dict()
    found = {key: np.unique(values.numpy()).tolist() for key, values in state.items()}
    assert found == {
        "a.weight": [1],
        "a.bias": [0],
        "b.weight": [1],
        "c.weight": [2],
        "c.bias": [0],
    }
