"""The arithmetic of every size, which is evaluated: a formula that is wrong is found out."""

from __future__ import annotations

import re
from math import ceil, floor, prod, trunc
from pathlib import Path

import pytest
from hypothesis import given

import caffetools
from caffetools.layers.blobs import Step
from caffetools.net.explain import explain, steps, totals
from caffetools.net.net import Net
from tests import nets, strategies
from tests.nets import inner_product, layer

ROOT = Path(__file__).parents[2]
WORDS = {"floor": floor, "ceil": ceil, "trunc": trunc, "max": max, "min": min, "__builtins__": {}}
STEP = re.compile(r"    ([^:]+): (.+) = (-?[\d,]+)")


def worth(formula: str) -> object:
    return eval(formula, WORDS)


def check(net: Net) -> None:
    """Are all steps worth what they say, and is that what the layer has?"""
    for each in net.layers:
        found = steps(each)
        for step in found:
            assert worth(step.formula) == step.value, step
        by_name = {step.name: step.value for step in found}
        for param in each.params:
            assert by_name.get(param.role, param.elements) == param.elements
        assert by_name.get("multiply-accumulates", each.macs) == each.macs
        if each.macs:
            assert "multiply-accumulates" in by_name
        if each.tops and each.tops[0] is not None and len(each.tops[0]) == 4:
            extents = dict(zip(("height", "width"), each.tops[0][2:], strict=True))
            assert {**extents, **by_name}.items() >= extents.items()


def test_remarks_follow_the_steps() -> None:
    pool = layer("Pooling", "p", "d", "p", "pooling_param { kernel_size: 3 stride: 2 }")
    text = nets.given("d", 1, 1, 6, 6) + pool + layer("Unheard", "u", "p", "u")
    net = nets.net(text + layer("Pooling", "q", "u", "q", "pooling_param { kernel_size: 3 }"))
    lines = [line for line in explain(net) if "note" in line]
    assert lines == ["    note: height, width: PyTorch gives 2, or with ceil_mode 3"]


EXAMPLES = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("examples/*/*.prototxt")]


# The net of finetune's solver is made by the commands of its README.
@pytest.mark.parametrize("path", sorted({*EXAMPLES} - {"examples/finetune/solver.prototxt"}))
@pytest.mark.parametrize("phase", ["train", "test"])
def test_examples(path: str, phase: str) -> None:
    check(caffetools.load(ROOT / path, phase=phase))


@given(strategies.nets())
def test_drawn_nets(text: str) -> None:
    check(nets.net(text))


def test_a_wrong_formula_would_be_found() -> None:
    net = nets.net(nets.given("a", 2, 3) + inner_product("ip", "a", 4))
    inner = net.layers[1].layer
    assert inner is not None
    for wrong in (Step("weight", "4 * 3", 13), Step("weight", "4 * 4", 16)):
        inner.explain = lambda _, wrong=wrong: [wrong]  # type: ignore[method-assign, misc]
        with pytest.raises(AssertionError):
            check(net)


def test_the_whole_of_a_small_net() -> None:
    text = (
        nets.given("data", 1, 3, 227, 227)
        + layer(
            "Convolution",
            "conv",
            "data",
            "conv",
            "convolution_param { num_output: 96 kernel_size: 11 stride: 4 group: 3 }",
        )
        + layer("ReLU", "relu", "conv", "conv")
        + layer("Pooling", "pool", "conv", "pool", "pooling_param { kernel_size: 3 stride: 2 }")
        + inner_product("ip", "pool", 10)
        + layer("Unheard", "what", "ip", "what")
        + layer("ReLU", "end", "what", "end")
    )
    assert (
        "\n".join(explain(nets.net(text)))
        == """\
data (Input)
    out  data: 1 x 3 x 227 x 227 (154,587)

conv (Convolution)
    in   data: 1 x 3 x 227 x 227 (154,587)
    out  conv: 1 x 96 x 55 x 55 (290,400)
    height: (227 - 11 + 2*0) / 4 + 1 = 55
    width: (227 - 11 + 2*0) / 4 + 1 = 55
    kernels of each of 3 groups: 96 / 3 = 32
    channels of each kernel: 3 / 3 = 1
    channels of the top from each of 3 groups: 96 / 3 = 32
    weight: 96 * 1 * 11 * 11 = 11,616
    bias: 96
    multiply-accumulates: 1 * 55 * 55 * 96 * 1 * 11 * 11 = 35,138,400

relu (ReLU)
    in   conv: 1 x 96 x 55 x 55 (290,400)
    out  conv: 1 x 96 x 55 x 55 (290,400)

pool (Pooling)
    in   conv: 1 x 96 x 55 x 55 (290,400)
    out  pool: 1 x 96 x 27 x 27 (69,984)
    height: (55 - 3 + 2*0) / 2 + 1 = 27
    width: (55 - 3 + 2*0) / 2 + 1 = 27

ip (InnerProduct)
    in   pool: 1 x 96 x 27 x 27 (69,984)
    out  ip: 1 x 10 (10)
    inputs: 96 * 27 * 27 = 69,984
    weight: 10 * 69984 = 699,840
    bias: 10
    multiply-accumulates: 1 * 10 * 69984 = 699,840

what (Unheard)
    in   ip: 1 x 10 (10)
    out  what: unknown

end (ReLU)
    in   what: unknown
    out  end: unknown
"""
    )


def test_steps_are_written_as_they_are_worth() -> None:
    """The lines themselves hold, with commas between the digits of the value alone."""
    net = caffetools.load(ROOT / "examples/caffenet/deploy.prototxt")
    found = [match for match in map(STEP.fullmatch, explain(net)) if match]
    assert len(found) > 40
    for _, formula, value in (match.groups() for match in found):
        assert worth(formula) == int(value.replace(",", ""))
        assert "," not in formula


def test_copies_are_called_as_their_blob() -> None:
    text = nets.given("a", 2, 3) + inner_product("b", "a", 1) + inner_product("c", "a", 1)
    read = [line for line in explain(nets.net(text)) if line.startswith("    in ")]
    assert read == ["    in   a: 2 x 3 (6)"] * 2


def test_hostile_names_are_escaped() -> None:
    text = 'layer { name: "a\\nb" type: "\\033[1m" top: "\\r" }'
    assert list(explain(nets.net(text))) == ["a\\nb (\\x1b[1m)", "    out  \\r: unknown", ""]


def test_a_blob_is_its_factors() -> None:
    net = caffetools.load(ROOT / "examples/lenet/deploy.prototxt")
    shapes = {
        f"{each.node.name} {param.role}": param.shape
        for each in net.layers
        for param in each.params
    }
    found = {f"{each.node.name} {step.name}": step for each in net.layers for step in steps(each)}
    assert len(shapes) == 8
    for name, shape in shapes.items():
        assert found[name].formula == " * ".join(map(str, shape))
        assert found[name].value == prod(shape)


def test_the_sums_stand_at_the_end() -> None:
    net = caffetools.load(ROOT / "examples/lenet/deploy.prototxt")
    lines = list(explain(net))
    assert lines[lines.index("net") + 1] == "    parameters: 520 + 25050 + 400500 + 5010 = 431,080"
    steps = {step.name: step for step in totals(net)}
    assert steps["parameters"].value == 20 * (25 + 1) + 50 * (500 + 1) + 500 * 801 + 10 * 501
    for step in steps.values():
        assert worth(step.formula) == step.value


def test_no_sums_where_a_shape_is_unknown() -> None:
    net = nets.net('layer { name: "a" type: "Unheard" top: "a" }')
    assert totals(net) == []
    assert "net" not in list(explain(net))
