from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from caffetools.check.compare import Comparison, compare_echo, compare_file, compare_printed
from caffetools.check.memory import TOPS
from caffetools.log.age import Age
from caffetools.log.logged_net import LoggedNet
from tests.logs import NET, NET_TEXT, line, lines, net_log, read


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
    assert compare_file(logged(), file_of(tmp_path), Age()).differences == ()
    path = file_of(tmp_path, ("num_output: 5", "num_output: 6"))
    (difference,) = compare_file(logged(), path, Age()).differences
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
    (difference,) = compare_file(net, str(path), Age()).differences
    assert str(difference).startswith("line 7: loss: needs backward computation in the log, no")


def test_a_log_of_a_run_that_failed_early_has_little_to_compare() -> None:
    log = (
        line("Initializing net from parameters: ", NET)
        + NET_TEXT
        + line("Check failed", NET, severity="F")
    )
    (net,) = read(log).nets
    assert compare_echo(net, "x.log", Age()).differences == ()
