"""Nets of one chain as an nn.Sequential."""

from __future__ import annotations

import pytest

from caffetools.net.loading import from_text
from caffetools.torch.emit.base import call
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.model_class import model_class
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.sequential import as_sequential
from caffetools.torch.export.structure import structured
from tests.torch.block_nets import conv, layer, net, relu

FC = "inner_product_param { num_output: 5 }"
CHAIN = [
    conv("c", "x", 4, 3),
    relu("c"),
    layer("InnerProduct", "pop", "c", "fc", FC),
    layer("Softmax", "prob", "fc"),
]


def made(*layers: str) -> ModuleSpec:
    return as_sequential(assemble(from_text(net(*layers), phase="test")))


def test_functions_become_modules() -> None:
    spec = made(*CHAIN[:2], CHAIN[2].replace("pop", "last"), CHAIN[3])
    assert spec.is_sequential
    assert [(each.name, each.value) for each in spec.constructions] == [
        ("c", call("nn.Conv2d", 8, 4, kernel_size=3, padding=1)),
        ("c_relu", call("nn.ReLU", inplace=True)),
        ("flatten", call("nn.Flatten")),
        ("last", call("nn.Linear", 324, 5)),
        ("prob", call("nn.Softmax", dim=1)),
    ]


@pytest.mark.parametrize(
    "layers",
    [
        CHAIN,  # "pop" is a method of nn.Sequential
        [conv("c", "x", 8, 3), layer("Eltwise", "s", "c x")],
        [*CHAIN[:2], layer("TanH", "t", "c"), layer("TanH", "u", "c")],
        [CHAIN[0], layer("Power", "p", "c", options="power_param { shift: 1 }")],
        [CHAIN[0], layer("Slice", "s", "c", "a", 'top: "b"')],
        [CHAIN[0], layer("Silence", "s", "c").replace(' top: "s"', "")],
        [],
    ],
)
def test_what_is_no_chain(layers: list[str]) -> None:
    assert not made(*layers).is_sequential


def test_shared_layers_are_no_chain() -> None:
    first, second = (
        layer("InnerProduct", name, bottom, "", FC.replace("5", "8")).replace(
            "type", 'param { name: "w" } param { name: "v" } type', 1
        )
        for name, bottom in (("a", "x"), ("b", "a"))
    )
    spec = assemble(from_text(net(first, second, shape=(2, 8)), phase="test"))
    assert not as_sequential(spec).is_sequential


def test_the_text() -> None:
    spec = structured(assemble(from_text(net(*CHAIN[:2]), phase="test")))
    assert list(model_class(spec, ExpressionWriter()))[9:-6] == [
        "    def __init__(self) -> None:",
        "        super().__init__(",
        "            OrderedDict(",
        "                c=nn.Conv2d(8, 4, kernel_size=3, padding=1),  # 2 x 4 x 9 x 9",
        "                c_relu=nn.ReLU(inplace=True),",
        "            )",
        "        )",
    ]
