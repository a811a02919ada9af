"""The nets of examples/: what their comments work out, and what they come to."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import caffetools

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
FILES = sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.prototxt"))
NETS = [path for path in FILES if not path.endswith("solver.prototxt")]
FORMULA = re.compile(r"([\d(][\d ,.()+*/-]*[-+*/][\d ,.()+*/-]*) = ([\d,]*\d(?:\.\d+)?)")


def comments(text: str) -> str:
    """The comments of a prototxt, each run of comment lines as one line."""
    lines = [line[1:].strip() if line.startswith("#") else "\n" for line in text.splitlines()]
    return " ".join(lines)


def evaluate(formula: str) -> float:
    """The value of sums and products, in which commas group digits."""
    tree = ast.parse(formula.replace(",", ""), mode="eval")
    return float(eval(compile(tree, "formula", "eval"), {"__builtins__": {}}))


@pytest.mark.parametrize("path", FILES)
def test_arithmetic_in_comments(path: str) -> None:
    formulas = FORMULA.findall(comments((EXAMPLES / path).read_text()))
    assert formulas
    for formula, value in formulas:
        assert evaluate(formula) == float(value.replace(",", "")), formula


def test_arithmetic_is_found() -> None:
    text = (
        "# (227 - 11) / 4 + 1 = 55: 96 x 55 x 55.\n# Weights 4,096 *\n# 9,216 = 37,748,736, more."
    )
    assert FORMULA.findall(comments(text)) == [
        ("(227 - 11) / 4 + 1", "55"),
        ("4,096 * 9,216", "37,748,736"),
    ]


CONVOLUTIONS = 34_944 + 307_456 + 885_120 + 663_936 + 442_624
FULLY_CONNECTED = (4096 * 256 * 6 * 6 + 4096) + (4096 * 4096 + 4096)


BASE = [(3, 16), (16, 24), (24, 32), (32, 48), (48, 64)]
HEADS = [(32, 4 * 4), (32, 4 * 4), (64, 4 * 4), (64, 4 * 4)]
SMALL_SSD = sum(inside * outside * 3 * 3 + outside for inside, outside in BASE + HEADS)

PARAMETERS = {
    "alexnet/deploy.prototxt": CONVOLUTIONS + FULLY_CONNECTED + 1000 * 4096 + 1000,
    "alexnet/train_val.prototxt": CONVOLUTIONS + FULLY_CONNECTED + 1000 * 4096 + 1000,
    "caffenet/deploy.prototxt": CONVOLUTIONS + FULLY_CONNECTED + 22 * 4096 + 22,
    "caffenet/deploy_1000.prototxt": CONVOLUTIONS + FULLY_CONNECTED + 1000 * 4096 + 1000,
    "caffenet/train_val.prototxt": CONVOLUTIONS + FULLY_CONNECTED + 22 * 4096 + 22,
    "caffenet/train_val_1000.prototxt": CONVOLUTIONS + FULLY_CONNECTED + 1000 * 4096 + 1000,
    "lenet/deploy.prototxt": 520 + 25_050 + 400_500 + 5_010,
    "lenet/train_test.prototxt": 520 + 25_050 + 400_500 + 5_010,
    "ssd/deploy.prototxt": SMALL_SSD,
    "ssd/train_test.prototxt": SMALL_SSD,
}


def summary(path: str, phase: str = "train") -> dict[str, Any]:
    result: dict[str, Any] = caffetools.load(EXAMPLES / path, phase=phase).to_dict()
    return result


@pytest.mark.parametrize("phase", ["train", "test"])
@pytest.mark.parametrize("path", NETS)
def test_parameters(path: str, phase: str) -> None:
    net = summary(path, phase)
    assert net["totals"]["params"] == PARAMETERS[path]
    assert all(top["shape"] is not None for layer in net["layers"] for top in layer["tops"])


def tops(net: dict[str, Any]) -> dict[str, list[int]]:
    return {top["name"]: top["shape"] for layer in net["layers"] for top in layer["tops"]}


def test_caffenet_is_the_net_of_the_article() -> None:
    net = summary("caffenet/train_val.prototxt")
    assert tops(net) == {
        "data": [256, 3, 227, 227],
        "label": [256],
        "conv1": [256, 96, 55, 55],
        "pool1": [256, 96, 27, 27],
        "norm1": [256, 96, 27, 27],
        "conv2": [256, 256, 27, 27],
        "pool2": [256, 256, 13, 13],
        "norm2": [256, 256, 13, 13],
        "conv3": [256, 384, 13, 13],
        "conv4": [256, 384, 13, 13],
        "conv5": [256, 256, 13, 13],
        "pool5": [256, 256, 6, 6],
        "fc6": [256, 4096],
        "fc7": [256, 4096],
        "fc8": [256, 22],
        "loss": [],
    }
    loss = 4  # bytes: the log's net has no top for it
    assert net["totals"]["unique_memory_bytes"] == 1_073_760_256 + loss


def test_alexnet_normalises_before_it_pools() -> None:
    shapes = tops(summary("alexnet/train_val.prototxt"))
    assert list(shapes)[2:8] == ["conv1", "norm1", "pool1", "conv2", "norm2", "pool2"]
    assert shapes["norm1"] == [128, 96, 55, 55]


@pytest.mark.parametrize("net", ["train_val", "deploy"])
def test_caffenets_differ_in_outputs_and_data_alone(net: str) -> None:
    own, other = (
        (EXAMPLES / f"caffenet/{net}{suffix}.prototxt").read_text().splitlines()
        for suffix in ("", "_1000")
    )
    differences = [
        (a.split(":")[0].strip(), b.split(":")[0].strip())
        for a, b in zip(code(own), code(other), strict=True)
        if a != b
    ]
    sources = [("source", "source")] * 2 if net == "train_val" else []
    assert differences == [*sources, ("num_output", "num_output")]


def code(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("example", ["alexnet", "caffenet", "lenet", "ssd"])
def test_solver_names_the_net(example: str) -> None:
    named = caffetools.load(EXAMPLES / example / "solver.prototxt").to_dict()
    net = "train_test" if example in ("lenet", "ssd") else "train_val"
    assert tops(named) == tops(summary(f"{example}/{net}.prototxt"))
