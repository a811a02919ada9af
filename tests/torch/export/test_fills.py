"""Fillers: a loop over the modules of a type, and what differs behind it."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.fills import fills
from caffetools.torch.export.structure import structured
from tests.torch.block_nets import NETS

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


def test_parameters_in_blocks() -> None:
    """The biases of the third convolutions are 2, that of a projection is 3."""
    text = NETS["bottlenecks with projections"].replace("bias_term: false", "")
    for name in ("2a", "2b", "3a", "3b", "4a"):
        start = text.index(f'name: "res{name}_branch2c" type')
        end = text.index("num_output", start)
        text = f'{text[:end]}bias_filler {{ type: "constant" value: 2 }} {text[end:]}'
    start = text.index("num_output", text.index('name: "res3a_branch1" type'))
    text = f'{text[:start]}bias_filler {{ type: "constant" value: 3 }} {text[start:]}'
    spec = structured(assemble(from_text(text, phase="test")))
    found = [line.strip() for line in fills(spec, ExpressionWriter())]
    assert found[-4:] == [
        "for module in self.modules():",
        "if isinstance(module, Bottleneck):",
        "nn.init.constant_(module.conv3.bias, 2.0)",
        "nn.init.constant_(self.res3a.shortcut[0].bias, 3.0)",
    ]
