"""Caffe's log of a net's initialisation, line by line, and as a real Caffe printed it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given

import caffetools
from caffetools.errors import GraphError
from caffetools.net.caffe_log import caffe_log_lines
from caffetools.net.infer import Inferred
from tests import nets, strategies
from tests.nets import inner_product, layer

LINE = re.compile(r"I0101 00:00:00\.000000     1 ((?:net\.cpp|layer_factory\.hpp):\d+)\] (.*)")


def messages(net: Inferred) -> list[str]:
    """What the lines say, each after a prefix as glog's."""
    lines = list(caffe_log_lines(net))
    found = [line for line in map(LINE.fullmatch, lines) if line]
    assert len(found) == len(lines)
    return [line[2] for line in found]


def test_every_line_of_a_small_net() -> None:
    text = (
        nets.given("data", 2, 3)
        + nets.given("label", 2, 2)
        + inner_product("ip", "data", 2)
        + layer("ReLU", "relu", "ip", "ip")
        + layer("EuclideanLoss", "loss", "ip label", "loss", "loss_weight: 0.25")
    )
    assert messages(nets.inferred(text)) == [
        "Creating layer data",
        "Creating Layer data",
        "data -> data",
        "Setting up data",
        "Top shape: 2 3 (6)",
        "Memory required for data: 24",
        "Creating layer label",
        "Creating Layer label",
        "label -> label",
        "Setting up label",
        "Top shape: 2 2 (4)",
        "Memory required for data: 40",
        "Creating layer ip",
        "Creating Layer ip",
        "ip <- data",
        "ip -> ip",
        "Setting up ip",
        "Top shape: 2 2 (4)",
        "Memory required for data: 56",
        "Creating layer relu",
        "Creating Layer relu",
        "relu <- ip",
        "relu -> ip (in-place)",
        "Setting up relu",
        "Top shape: 2 2 (4)",
        "Memory required for data: 72",
        "Creating layer loss",
        "Creating Layer loss",
        "loss <- ip",
        "loss <- label",
        "loss -> loss",
        "Setting up loss",
        "Top shape: (1)",
        "    with loss weight 0.25",
        "Memory required for data: 76",
        "loss needs backward computation.",
        "relu needs backward computation.",
        "ip needs backward computation.",
        "label does not need backward computation.",
        "data does not need backward computation.",
        "This network produces output loss",
        "Network initialization done.",
    ]


def test_a_split_a_shared_blob_and_automatic_tops() -> None:
    shared = 'param { name: "w" } param { name: "b" }'
    text = (
        nets.given("data", 2, 2)
        + nets.given("label", 2, 2)
        + inner_product("a", "data", 2, shared)
        + inner_product("b", "a", 2, shared)
        + layer("EuclideanLoss", "first", "a label")
        + layer("EuclideanLoss", "second", "b label")
    )
    found = messages(nets.inferred(text))
    assert [line for line in found if "split" in line] == [
        "Creating layer label_label_0_split",
        "Creating Layer label_label_0_split",
        "label_label_0_split <- label",
        "label_label_0_split -> label_label_0_split_0",
        "label_label_0_split -> label_label_0_split_1",
        "Setting up label_label_0_split",
        "Creating layer a_a_0_split",
        "Creating Layer a_a_0_split",
        "a_a_0_split <- a",
        "a_a_0_split -> a_a_0_split_0",
        "a_a_0_split -> a_a_0_split_1",
        "Setting up a_a_0_split",
        "b <- a_a_0_split_0",
        "first <- a_a_0_split_1",
        "first <- label_label_0_split_0",
        "second <- label_label_0_split_1",
        "a_a_0_split needs backward computation.",
        "label_label_0_split does not need backward computation.",
    ]
    assert [line for line in found if "Sharing" in line] == [
        "Sharing parameters 'w' owned by layer 'a', param index 0",
        "Sharing parameters 'b' owned by layer 'a', param index 1",
    ]
    assert [line for line in found if "(automatic)" in line] == [
        "first -> (automatic)",
        "second -> (automatic)",
    ]
    assert not any("produces output" in line for line in found)


def test_sharing_is_told_after_the_memory() -> None:
    shared = 'param { name: "w" }'
    text = nets.given("data", 2, 2) + inner_product("a", "data", 2, shared)
    found = messages(nets.inferred(text + inner_product("b", "a", 2, shared)))
    index = found.index("Sharing parameters 'w' owned by layer 'a', param index 0")
    assert found[index - 1] == "Memory required for data: 48"


def test_the_owner_is_found_where_a_split_has_its_name() -> None:
    shared = 'param { name: "w" }'
    text = (
        nets.given("d", 2, 2)
        + inner_product("x_y_0_split", "d", 2, shared)
        + inner_product("y", "x_y_0_split", 2, shared).replace('top: "y"', 'top: "x"')
        + layer("Silence", "end", "x x")
    )
    found = messages(nets.inferred(text))
    assert "Sharing parameters 'w' owned by layer 'x_y_0_split', param index 0" in found


def test_force_backward_is_not_in_the_log() -> None:
    found = messages(nets.inferred("force_backward: true\n" + nets.given("data", 1)))
    assert "data does not need backward computation." in found


def test_outputs_are_in_the_order_of_their_names() -> None:
    found = messages(nets.inferred(nets.given("b", 1) + nets.given("a", 1) + nets.given("B", 1)))
    assert [line[-1] for line in found if "output" in line] == ["B", "a", "b"]


@pytest.mark.parametrize(
    ("weight", "told"),
    [
        ("1", "1"),
        ("-0.5", "-0.5"),
        ("0.333333333", "0.333333"),
        ("0.00001", "1e-05"),
        ("2e6", "2e+06"),
    ],
)
def test_loss_weights_are_told_as_a_stream_of_c_writes_them(weight: str, told: str) -> None:
    text = nets.given("a", 1) + layer("ReLU", "r", "a", "b", f"loss_weight: {weight}")
    assert f"    with loss weight {told}" in messages(nets.inferred(text))


def test_a_name_cannot_end_its_line() -> None:
    net = nets.inferred(
        'layer { name: "a\\nb" type: "Input" top: "\\033[2J" }', input_shapes={"\x1b[2J": (1,)}
    )
    assert messages(net)[1:3] == ["Creating Layer a\\nb", "a\\nb -> \\x1b[2J"]


def test_there_is_no_log_without_shapes() -> None:
    net = nets.inferred(nets.given("a", 1) + layer("Unheard", "u", "a", "u"))
    with pytest.raises(GraphError) as caught:
        list(caffe_log_lines(net))
    assert caught.value.location == ("net.prototxt", 2, 1)
    assert caught.value.message == "the output shapes of layer 'u' are unknown"


@given(strategies.nets())
def test_the_last_memory_is_the_total(text: str) -> None:
    net = nets.net(text)
    found = [line for line in messages(net.inferred) if line.startswith("Memory required")]
    assert found[-1] == f"Memory required for data: {net.cost.memory_bytes}"
    assert len(found) == len(net.inferred.layers)


# What a real Caffe printed. ../shared/check/net_log.py goes through all of it.

PRINTED = re.compile(r"^I\d+ [\d:.]+ +\d+ (net\.cpp:\d+\] )(.*?)\s*$", re.MULTILINE)


def printed(text: str) -> list[str]:
    """The lines of net.cpp, without those of nets that a layer unrolls inside itself."""
    found: list[str] = []
    inner = 0
    for place, message in PRINTED.findall(text):
        if message.startswith("Initializing net from"):
            inner += 1
        elif inner and message.startswith("Network initialization done"):
            inner -= 1
        elif not inner and "differed from the phase" not in message:
            found.append(place + message)
    return found


def test_as_caffe_printed_it(shared: Path) -> None:
    """Every other of the logs."""
    wrong = []
    for case in sorted((shared / "golden/net_logs").iterdir())[::2]:
        phase, given_shapes = case / "phase.txt", case / "input_shapes.txt"
        shapes = given_shapes.read_text().split() if given_shapes.exists() else []
        net = caffetools.load(
            case / "net.prototxt",
            phase=phase.read_text().strip() if phase.exists() else "train",
            input_shapes={
                top: tuple(map(int, extents.split(",")))
                for top, _, extents in (shape.rpartition("=") for shape in shapes)
            },
        )
        expected = printed((case / "caffe.log").read_text(errors="replace"))
        if printed("\n".join(caffe_log_lines(net.inferred))) != expected:
            wrong.append(case.name)
    assert wrong == []


def initialization(text: str) -> list[str]:
    """The messages from the first layer on: the fork's net.cpp has other line numbers."""
    start = text.rindex("\n", 0, text.index("] Creating Layer ")) + 1
    messages = [line.partition("] ")[2] for line in printed(text[start:])]
    return messages[: messages.index("Network initialization done.") + 1]


@pytest.mark.parametrize("name", ["layers", "layers_ssd"])
def test_small_nets_as_caffe_printed_them(caffe: Path, name: str) -> None:
    wrong = []
    for case in sorted((caffe / name).iterdir()):
        net = caffetools.load(case / "net.prototxt")  # the logs are of the phase TRAIN
        expected = initialization((case / "caffe.log").read_text())
        if initialization("\n".join(["", *caffe_log_lines(net.inferred)])) != expected:
            wrong.append(case.name)
    assert wrong == []
