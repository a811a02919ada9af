from __future__ import annotations

import pytest

from caffetools.log.logged_net import LoggedLayer, LoggedNet, LoggedTop, Sharing
from caffetools.log.net_reader import NetReader
from caffetools.log.prefix import Message
from tests.logs import NET, NET_MESSAGES, line, lines, net_log, read


def nets(*texts: str) -> tuple[LoggedNet, ...]:
    return read(lines(*texts, place=NET)).nets


def shapes(net: LoggedNet) -> dict[str, list[tuple[int, ...] | None]]:
    return {layer.name: [top.shape for top in layer.tops] for layer in net.layers}


def test_a_net_of_today() -> None:
    (net,) = read(net_log()).nets
    assert (net.line, net.phase, net.source) == (2, "TRAIN", "small.prototxt")
    assert [layer.name for layer in net.layers] == ["data", "conv", "relu", "fc"]
    offset = net.layers[2].line
    assert net.layers[2] == LoggedLayer(
        "relu",
        None,
        ("conv",),
        (LoggedTop("conv", (2, 4, 6, 6), 288, offset + 4),),
        in_place=True,
        needs_backward=False,
        line=offset,
        memory_bytes=3840,
        memory_line=offset + 5,
    )
    assert (net.outputs, net.memory_bytes, net.is_complete) == (["fc"], 3880, True)
    assert net.echo is not None


def test_lines_are_the_logs() -> None:
    log = net_log()
    (net,) = read(log).nets
    told = log.splitlines()
    for layer in net.layers:
        assert told[net.line_of(layer.line) - 1].endswith(f"Creating Layer {layer.name}")
        for top in layer.tops:
            assert f"({top.elements})" in told[net.line_of(top.line) - 1]
    assert told[net.line_of(net.memory_line) - 1].endswith(f" {net.memory_bytes}")


V0_99 = (
    "Creating Layer conv1",
    "conv1 <- data",
    "conv1 -> conv1",
    "Top shape: 256 96 55 55 (74342400)",
    "conv1 needs backward computation.",
    "Creating Layer relu1",
    "relu1 <- conv1",
    "relu1 -> conv1 (in-place)",
    "Top shape: 256 96 55 55 (74342400)",
    "relu1 needs backward computation.",
    "Collecting Learning Rate and Weight Decay.",
    "Network initialization done.",
    "Memory required for Data 297369600",
)


def test_a_net_of_march_2014() -> None:
    (net,) = nets(*V0_99)
    assert [layer.needs_backward for layer in net.layers] == [True, True]
    assert net.backward_by_layer
    assert (net.memory_bytes, net.phase) == (297369600, None)
    assert [layer.memory_bytes for layer in net.layers] == [None, None]


def test_a_net_of_2013_has_its_shapes_in_a_second_pass() -> None:
    (net,) = nets(
        "Creating Layer data",
        "data -> data",
        "Creating Layer ip",
        "ip <- data",
        "ip -> ip",
        "This network produces output ip",
        "Setting up the layers.",
        "Setting up data",
        "Top shape: 1 28 28",
        "Setting up ip",
        "Top shape: 10 1 1",
        "Network initialization done.",
    )
    assert shapes(net) == {"data": [(1, 28, 28)], "ip": [(10, 1, 1)]}
    assert all(top.elements is None for layer in net.layers for top in layer.tops)


def test_the_head_may_be_missing() -> None:
    """So it is in the article: the first lines tell the shapes of a layer without a name."""
    (net,) = nets(
        "Top shape: 256 3 227 227 (39574272) output data of layer 0",
        "Top shape: 256 1 1 1 (256)  ",
        "data does not need backward computation.  ",
        *V0_99[:5],
        "Creating Layer loss",
        "loss <- conv1",
        "loss <- label",
        "loss needs backward computation.",
    )
    assert [(top.name, top.shape) for top in net.layers[0].tops] == [
        ("data", (256, 3, 227, 227)),
        ("label", (256, 1, 1, 1)),
    ]
    assert (net.layers[0].name, net.layers[0].needs_backward) == ("data", False)
    assert net.layers[-1].tops == ()


def test_a_net_cut_within_a_layer() -> None:
    (net,) = nets("conv1 -> conv1", "Top shape: 2 5 (10)", *NET_MESSAGES[10:])
    assert shapes(net) == {"conv1": [(2, 5)], "relu": [(2, 4, 6, 6)], "fc": [(2, 5)]}


def test_scalars_and_losses() -> None:
    (net,) = nets(
        "Creating Layer loss",
        "loss <- a",
        "loss <- b",
        "loss -> (automatic)",
        "Setting up loss",
        "Top shape: (1)",
        "    with loss weight 0.3",
    )
    assert net.layers[0].bottoms == ("a", "b")
    assert net.layers[0].tops == (LoggedTop("(automatic)", (), 1, 5, "0.3"),)


NVCAFFE = (
    "Created Layer data (0)",
    "data -> data",
    "Setting up data",
    "TEST Top shape for layer 0 'data' 32 3 227 227 (4946784)",
    "Created Layer loss/x (1) (1)",
    "loss/x (1) <- data",
    "loss/x (1) -> loss",
    "Setting up loss/x (1)",
    "TEST Top shape for layer 1 'loss/x (1)' (1)",
    "Network initialization done.",
    "Top memory (TEST) required for data: 19787144 diff: 8",
)


def test_a_net_of_nvcaffe() -> None:
    log = line("Creating layer 'data' of type 'Data'", "layer_factory.hpp:136") + lines(
        *NVCAFFE, place=NET
    )
    (net,) = read(log).nets
    assert shapes(net) == {"data": [(32, 3, 227, 227)], "loss/x (1)": [()]}
    assert [layer.type for layer in net.layers] == ["Data", None]
    assert (net.phase, net.memory_bytes, net.is_nvcaffe) == ("TEST", 19787144, True)


def test_inputs_were_no_layers() -> None:
    (net,) = nets("Input 0 -> data", "Input 1 -> im info", "Creating Layer conv", "conv <- data")
    assert net.inputs == ["data", "im info"]


def test_sharing() -> None:
    (net,) = nets(
        "Creating Layer a",
        "Creating Layer b",
        "Sharing parameters 'w' owned by layer 'a', param index 1",
        "Sharing layer x from root net",
    )
    assert net.sharing == [Sharing("b", "w", "a", 1)]


def test_a_layers_own_net_is_not_one_of_the_logs() -> None:
    """LSTM unrolls itself while it is set up, and logs that as any net."""
    (net,) = nets(
        "Creating Layer lstm",
        "lstm <- x",
        "lstm -> lstm",
        "Initializing net from parameters: ",
        "Creating Layer lstm_inner",
        "lstm_inner -> y",
        "Setting up lstm_inner",
        "Top shape: 7 (7)",
        "Network initialization done.",
        "Setting up lstm",
        "Top shape: 3 (3)",
        "Network initialization done.",
    )
    assert shapes(net) == {"lstm": [(3,)]}


@pytest.mark.parametrize(
    "between", ["", "Solving x", "Creating test net (#0) specified by net file: y"]
)
def test_nets_follow_each_other(between: str) -> None:
    texts = (*NET_MESSAGES, between, *NET_MESSAGES)
    log = "".join(line(text, "solver.cpp:1" if text == between else NET) for text in texts if text)
    first, second = read(log).nets
    assert first.layers is second.layers
    assert second.phase == ("TEST" if "test net" in between else None)
    assert first.line < second.line


def test_a_run_that_broke_off_leaves_its_net_and_is_not_gone_on_with() -> None:
    log = lines(*NET_MESSAGES[:8], place=NET) + line("Initializing solver from parameters: ")
    first, second = read(log + "a: 1\n" + lines(*NET_MESSAGES, place=NET)).nets
    assert (len(first.layers), first.is_complete) == (2, False)
    assert (len(second.layers), second.is_complete) == (4, True)


def test_nets_of_several_threads_may_be_mixed() -> None:
    mixed = "".join(
        line(text, NET) + line(text.replace("conv", "cnv"), NET).replace("4692", "17")
        for text in NET_MESSAGES
    )
    first, second = read(mixed).nets
    assert [layer.name for layer in first.layers] == ["data", "conv", "relu", "fc"]
    assert [layer.name for layer in second.layers] == ["data", "cnv", "relu", "fc"]
    assert first.memory_bytes == second.memory_bytes == 3880


def test_names_may_hold_arrows() -> None:
    (net,) = nets("Creating Layer a -> b", "a -> b <- c <- d", "a -> b -> e (in-place)")
    (layer,) = net.layers
    assert (layer.name, layer.bottoms, layer.tops[0].name) == ("a -> b", ("c <- d",), "e")


def test_arrows_of_other_programs_make_no_net() -> None:
    assert read("a -> b\nb <- c\n" + line("x -> y", "data_layer.cpp:1")).nets == ()


def test_what_the_factory_tells_of_no_type_is_known_and_makes_nothing() -> None:
    reader = NetReader()
    head = "I0721 10:38:15.326920  4692"
    assert reader.read_source(Message(1, "Creating layer conv1", head, "layer_factory.hpp:77"))
    assert not reader.read_source(Message(2, "Creating layer conv1", head, "my_layer.cpp:7"))
    assert reader.end() == []
