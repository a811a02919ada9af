from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from caffetools.check.compare import Comparison, compare_echo, compare_file, compare_printed
from caffetools.check.memory import TOPS
from caffetools.log.age import Age
from caffetools.log.logged_net import LoggedNet
from caffetools.net.graph import State
from caffetools.net.reading import LoadedNet, read_net
from caffetools.proto import prototxt
from caffetools.proto.source import Source
from caffetools.proto.upgrade import upgrade
from tests.logs import NET, NET_TEXT, built_log, line, lines, net_log, read


def logged(*changes: tuple[str, str]) -> LoggedNet:
    (net,) = read(net_log(*changes)).nets
    return net


def compared(*changes: tuple[str, str], age: Age | None = None) -> Comparison:
    return compare_echo(logged(*changes), "x.log", age or Age())


def test_a_net_that_agrees() -> None:
    comparison = compared()
    assert comparison.differences == ()
    assert comparison.memory_rule == TOPS.words
    assert dict(comparison.types)["conv"] == "Convolution"
    assert (comparison.unknown_layers, comparison.notes) == ((), ())


@pytest.mark.parametrize(
    ("change", "layer", "told"),
    [
        (("2 5 (10)", "2 6 (12)"), "fc", "top fc 2 x 6 in the log, 2 x 5"),
        (("2 5 (10)", "2 5 1 (10)"), "fc", "top fc 2 x 5 x 1 in the log, 2 x 5"),
        (
            ("2 5 (10)", "2 5 (11)"),
            "fc",
            "top fc 2 x 5 in the log, 10 elements, though it counts 11",
        ),
        (
            ("num_output: 4", "num_output: 7"),
            "conv",
            "top conv 2 x 4 x 6 x 6 in the log, 2 x 7 x 6 x 6",
        ),
        (("fc -> fc", "fc -> fc8"), "fc", "top fc8 in the log, fc"),
        (("data: 3840", "data: 3844"), "relu", "1,156 bytes more in the log, its tops take 1,152"),
        (("data: 3880", "data: 3884"), "fc", "44 bytes more in the log, its tops take 40"),
        (("kernel_size: 3", "kernel_size: 30"), "conv", "a layer that works in the log, refused: "),
        (
            ("Creating Layer relu", "Creating Layer other"),
            "other",
            "a layer in the log, none there",
        ),
        (("conv does not need", "conv needs"), "conv", "needs backward computation in the log, no"),
        (("dim: 3\n", "dim: 4\n"), "data", "top data 2 x 3 x 8 x 8 in the log, 2 x 4 x 8 x 8"),
    ],
)
def test_differences(change: tuple[str, str], layer: str, told: str) -> None:
    differences = [str(difference) for difference in compared(change).differences]
    assert any(f": {layer}: {told}" in text for text in differences), differences


def test_a_difference_tells_both_places() -> None:
    log = net_log(("2 5 (10)", "2 6 (12)"))
    (net,) = read(log).nets
    first = compare_echo(net, "x.log", Age()).differences[0]
    told = log.splitlines()
    assert told[first.log_line - 1].endswith("Top shape: 2 6 (12)")
    assert first.location is not None
    assert first.location.file == "x.log"
    assert told[first.location.line or 0] == '  name: "fc"'
    assert str(first) == (
        f"line {first.log_line}: fc: top fc 2 x 6 in the log, 2 x 5 ({first.location})"
    )


def test_memory_by_no_rule_of_its_age() -> None:
    age = Age(date(2016, 5, 1), date(2016, 5, 1), "x")
    comparison = compared(("data: 3880", "data: 3000"), age=age)
    assert comparison.memory_rule is None
    assert "3,000 bytes in the log, 3,880 (every top" in str(comparison.differences[-1])


def test_before_march_2015_every_shape_has_four_extents() -> None:
    change = (("2 5 (10)", "2 5 1 1 (10)"), ("Top shape: 2 5 1 1 (10)", "Top shape: 2 5 1 1 (10)"))
    assert compared(*change).differences == ()


def test_of_a_cut_echo_the_rest_is_not_compared() -> None:
    cut = NET_TEXT.index('layer {\n  name: "fc"')
    comparison = compared((NET_TEXT[cut:], NET_TEXT[cut : cut + 20] + "\n"))
    assert comparison.differences == ()
    assert comparison.notes == (
        "the log cuts the net off after 3 of 4 layers: the rest is not compared",
    )


def test_unknown_layers_are_no_differences() -> None:
    comparison = compared(('type: "Convolution"', 'type: "Konvolution"'))
    assert (comparison.differences, comparison.unknown_layers) == ((), ("conv",))


def test_an_echo_that_cannot_be_recomputed_is_told() -> None:
    comparison = compared(('bottom: "data"', 'bottom: "nothing"'))
    assert comparison.differences == ()
    assert "cannot recompute the echoed net" in comparison.notes[0]


def test_a_net_that_is_not_echoed_is_held_against_itself() -> None:
    texts = ("Creating Layer a", "a -> a", "Top shape: 2 3 (6)", "Memory required for data: 24")
    (net,) = read(lines(*texts, place=NET)).nets
    assert compare_printed(net, Age()).differences == ()
    (net,) = read(lines(*texts, place=NET).replace("(6)", "(7)").replace("24", "28")).nets
    first, second = compare_printed(net, Age()).differences
    assert (first.layer, first.recomputed) == ("a", "6 elements, though it counts 7")
    assert (second.layer, second.logged) == ("a", "28 bytes more")


def file_of(tmp_path: Path, *changes: tuple[str, str]) -> str:
    text = NET_TEXT
    for change in changes:
        text = text.replace(*change)
    path = tmp_path / "net.prototxt"
    path.write_text(text)
    return str(path)


def test_a_prototxt_may_be_compared_instead(tmp_path: Path) -> None:
    assert compare_file(logged(), read_net(file_of(tmp_path)), "x.log", Age()).differences == ()
    path = file_of(tmp_path, ("num_output: 5", "num_output: 6"))
    (difference,) = compare_file(logged(), read_net(path), "x.log", Age()).differences
    assert str(difference).endswith(f"top fc 2 x 5 in the log, 2 x 6 ({path}:34:1)")


def test_a_loss_had_no_top_at_first(tmp_path: Path) -> None:
    texts = (
        *("Creating Layer data", "data -> data", "data -> label", "Top shape: 4 2 1 1 (8)"),
        *("Top shape: 4 1 1 1 (4)", "data does not need backward computation."),
        *(
            "Creating Layer loss",
            "loss <- data",
            "loss <- label",
            "loss needs backward computation.",
        ),
        *("Network initialization done.", "Memory required for Data 48"),
    )
    net_text = (
        'layer { name: "data" type: "Data" top: "data" top: "label" '
        "data_param { batch_size: 4 } }\n"
        'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "data" bottom: "label" }\n'
    )
    (net,) = read(lines(*texts, place=NET)).nets
    path = tmp_path / "net.prototxt"
    path.write_text(net_text)
    (difference,) = compare_file(net, read_net(path), "x.log", Age()).differences
    assert str(difference).startswith("line 7: loss: needs backward computation in the log, no")


def test_a_log_of_a_run_that_failed_early_has_little_to_compare() -> None:
    log = (
        line("Initializing net from parameters: ", NET)
        + NET_TEXT
        + line("Check failed", NET, severity="F")
    )
    (net,) = read(log).nets
    assert compare_echo(net, "x.log", Age()).differences == ()


IMAGES = """\
layer {
  name: "data"
  type: "Data"
  top: "data"
  top: "label"
  transform_param { crop_size: 8 mean_file: "mean.binaryproto" }
  data_param { source: "x" batch_size: 100 }
}
layer {
  name: "fc"
  type: "InnerProduct"
  bottom: "data"
  top: "fc"
  inner_product_param { num_output: 5 }
}
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }
"""


def images(*changes: tuple[str, str], **options: Any) -> Comparison:
    """The comparison of a log with IMAGES, built with a text of it replaced by another."""
    built = IMAGES
    for change in changes:
        assert change[0] in built
        built = built.replace(*change)
    (net,) = read(built_log(IMAGES, built, **options)).nets
    return compare_echo(net, "x.log", Age())


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_that_the_prototxt_does_not_give_are_not_compared(channels: int) -> None:
    comparison = images(data_shape=(channels, 8, 8))
    assert (comparison.differences, comparison.notes) == ((), ())


def test_what_the_prototxt_gives_is_compared() -> None:
    (difference,) = images(("crop_size: 8", "crop_size: 9")).differences
    assert ": data: top data 100 x 3 x 9 x 9 in the log, 100 x 3 x 8 x 8 (" in str(difference)


def test_another_number_of_mean_values_is_told_with_its_meaning() -> None:
    """Three values for grey images: the log's Caffe died at the first image."""
    echo = IMAGES.replace('mean_file: "mean.binaryproto"', "mean_value: [104, 117, 123]")
    (net,) = read(built_log(echo, IMAGES, data_shape=(1, 8, 8))).nets
    (difference,) = compare_echo(net, "x.log", Age()).differences
    assert difference.logged == "top data 100 x 1 x 8 x 8"
    assert difference.recomputed == (
        "100 x 3 x 8 x 8; 3 values of mean_value for 1 channels: Caffe aborts at the first item"
    )


def test_a_divided_batch_is_told_once() -> None:
    comparison = images(("batch_size: 100", "batch_size: 50"))
    assert comparison.differences == ()
    assert comparison.notes == ("batch 100 over 2: this fork divides it among processes or GPUs",)
    comparison = images(("batch_size: 100", "batch_size: 50"), ("num_output: 5", "num_output: 6"))
    assert [difference.logged for difference in comparison.differences] == ["top fc 50 x 6"]
    assert images(("batch_size: 100", "batch_size: 33")).notes == (
        "batch 100 over 3: this fork divides it among processes or GPUs",
    )
    comparison = images(("batch_size: 100", "batch_size: 40"))
    assert [difference.logged for difference in comparison.differences] == [
        "top data 40 x 3 x 8 x 8",
        "top label 40",
    ]


def test_a_divided_batch_of_a_file() -> None:
    """That the log's Caffe divides the batch is seen from the net that it echoes alone."""
    (net,) = read(built_log(IMAGES, IMAGES.replace("batch_size: 100", "batch_size: 50"))).nets
    for size, logged in ((100, []), (200, ["top data 50 x 3 x 8 x 8", "top label 50"])):
        text = IMAGES.replace("batch_size: 100", f"batch_size: {size}")
        loaded = LoadedNet(upgrade(prototxt.parse(Source("x", text)))[0], State(), ())
        found = compare_file(net, loaded, "x.log", Age()).differences
        assert [difference.logged for difference in found] == logged


BN = (
    ('top: "fc"\n  inner', 'top: "ip"\n  inner'),
    (
        'layer { name: "loss"',
        'layer { name: "fc/bn" type: "BN" bottom: "ip" top: "fc" } layer { name: "loss"',
    ),
)


def test_a_forks_layer_that_keeps_the_axes() -> None:
    """lim0606/caffe-googlenet-bn: N x 5 becomes N x 5 x 1 x 1; a later fork's keeps two axes."""
    echo = IMAGES
    for change in BN:
        echo = echo.replace(*change)
    log = built_log(echo)
    assert compare_echo(read(log).nets[0], "x.log", Age()).notes == ()
    (net,) = read(log.replace("Top shape: 100 5 1 1 (500)", "Top shape: 100 5 (500)")).nets
    comparison = compare_echo(net, "x.log", Age())
    assert comparison.differences == ()
    assert comparison.notes == (
        "this fork's BN differs: fc/bn: 100 x 5 in the log, 100 x 5 x 1 x 1 in yjxiong/caffe",
    )


FORKED = """\
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: [1, 8, 6, 6] } } }
layer { name: "up" type: "Interp" bottom: "data" top: "up" interp_param { zoom_factor: 2 } }
layer { name: "pool" type: "Pooling" bottom: "up" top: "pool" pooling_param { kernel_size: 2 } }
"""


def test_a_forks_layer_of_another_shape_is_followed() -> None:
    """deeplab: 6 + 5 * (2 - 1) = 11 rows; the log's fork makes 12 of them, pooled 12 - 2 + 1."""
    built = FORKED.replace("zoom_factor: 2", "height: 12 width: 12")
    log = built_log(FORKED, built)
    (net,) = read(log).nets
    comparison = compare_echo(net, "x.log", Age())
    assert comparison.differences == ()
    (note,) = comparison.notes
    assert note.startswith("this fork's Interp differs: up: 1 x 8 x 12 x 12 in the log, 1 x 8 x 11")
    (net,) = read(log.replace("1 8 11 11 (968)", "1 8 10 10 (800)")).nets
    differences = compare_echo(net, "x.log", Age()).differences
    assert {difference.layer for difference in differences} == {"pool"}


def test_a_forks_layer_of_a_file_must_agree() -> None:
    """Of a file, another size is another option: only the echo shows what the fork does."""
    built = FORKED.replace("zoom_factor: 2", "height: 12 width: 12")
    (net,) = read(built_log(built)).nets
    loaded = LoadedNet(upgrade(prototxt.parse(Source("x", FORKED)))[0], State(), ())
    layers = [difference.layer for difference in compare_file(net, loaded, "x", Age()).differences]
    assert layers == ["up", "pool"]


def test_a_forks_layer_that_its_origin_refuses() -> None:
    echo = FORKED.replace("zoom_factor: 2", "zoom_factor: 0 shrink_factor: 0")
    built = FORKED.replace("zoom_factor: 2", "height: 12 width: 12")
    comparison = compare_echo(read(built_log(echo, built)).nets[0], "x.log", Age())
    assert comparison.differences == ()
    assert "this fork's Interp differs: up: " in comparison.notes[0]
    assert " refuses it: " in comparison.notes[0]
