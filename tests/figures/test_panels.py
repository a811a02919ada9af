"""Which curves share axes, and where they stand along them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.figures.panels import (
    Panel,
    Selection,
    event_place,
    happened,
    log_names,
    panels,
    places,
)
from caffetools.log.collector import LogContents
from caffetools.log.events import Event
from tests.logs import SOLVER, line, lines, read, train_log

TESTED = lines("Iteration 5, Testing net (#0)", "    Test net output #0: accuracy = 0.5")


def names(found: list[Panel]) -> dict[str, list[tuple[str, str]]]:
    return {
        panel.title: [(line.run_name, line.series.key.name) for line in panel.lines]
        for panel in found
    }


def named(text: str, name: str = "a/b.log") -> LogContents:
    return replace(read(text), name=name)


def test_what_shares_axes() -> None:
    found = panels([named(train_log(range(3)) + TESTED)], (), Selection())
    assert names(found) == {
        # The net's one loss is what the displayed loss smooths.
        "loss": [("b", "")],
        "accuracy": [("b", "accuracy")],
        "v": [("b", "v"), ("b", "v")],  # to 2, and to -2
        "learning rate": [("b", "")],
    }


def test_losses_that_are_several_are_shown() -> None:
    texts = ["Iteration 0, loss = 3"]
    texts += [f"    Train net output #{i}: loss{i} = 1 (* 1 = 1 loss)" for i in range(2)]
    (found,) = panels([named(lines(*texts))], (), Selection())
    assert [line.series.key.name for line in found.lines] == ["", "loss0", "loss1"]


def test_runs_are_named() -> None:
    one = train_log(range(3))
    two = one + line("Solving x", SOLVER) + train_log(range(2), 30)
    selection = Selection(only=("loss",), rate=False)
    (found,) = panels([named(one), named(two, "c.log")], ["first"], selection)
    assert [(line.run, line.run_name) for line in found.lines] == [
        (0, "first"),
        (1, "c, run 1"),
        (2, "c, run 2"),
    ]
    (alone,) = panels([named(two)], (), selection)
    assert [line.run_name for line in alone.lines] == ["run 1", "run 2"]


@pytest.mark.parametrize(
    ("only", "titles"),
    [
        (("accuracy",), ["accuracy"]),
        (("loss", "lr"), ["loss", "learning rate"]),
        (("v", "accuracy"), ["accuracy", "v"]),
    ],
)
def test_only(only: tuple[str, ...], titles: list[str]) -> None:
    found = panels([named(train_log(range(3)) + TESTED)], (), Selection(only=only))
    assert list(names(found)) == titles


def test_only_what_is_not_there() -> None:
    with pytest.raises(CaffeToolsError) as caught:
        panels([named(train_log(range(3)))], (), Selection(only=("acc", "x")))
    assert str(caught.value) == "a/b.log: found no acc or x; outputs: loss, lr, v"


def test_axes_are_named_by_what_they_hold() -> None:
    outputs = ["top-1 = 0.5", "percent_acc = 50", "share = 0.5", "a = 7", "b = 8"]
    texts = [f"    Test net output #{i}: {text}" for i, text in enumerate(outputs)]
    found = panels([named(lines("Iteration 5, Testing net (#0)", *texts))], (), Selection())
    assert {title: [name for _, name in lines] for title, lines in names(found).items()} == {
        "accuracy": ["top-1"],
        "other accuracy": ["percent_acc"],
        "share": ["share"],
        "outputs": ["a", "b"],
    }
    assert [panel.is_share for panel in found] == [True, False, True, False]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["logs/x.log"], ["x"]),
        (["net__fp32.log", "net__mfp16.log", "net__pfp16.log"], ["fp32", "mfp16", "pfp16"]),
        (["t_0_40_logs.txt", "t_0_60_logs.txt"], ["40", "60"]),
        (["runs/a/train.log", "runs/b/train.log"], ["a", "b"]),
        (["train.log", "train_2.log"], ["train", "train_2"]),
        (["x.log", "x.log"], ["x", "x"]),
        ([], []),
    ],
)
def test_names_of_logs(paths: list[str], expected: list[str]) -> None:
    assert log_names(paths) == expected


def test_a_resume_without_a_message() -> None:
    log = read(train_log(range(0, 40, 10)) + train_log(range(20, 50, 10), 60))
    (event,) = happened(log)
    assert (event.kind, event.iteration, event.seconds) == ("resume", 20, 60.0)


def test_places() -> None:
    log = replace(read(train_log(range(0, 30, 10))), epoch=(10, 2.0))
    assert places([0, 10, 25], log, "iteration") == [0, 10, 25]
    assert places([0, 10, 25], log, "epoch") == [0, 2, 5]  # 25 * 2 / 10
    (line,) = panels([log], (), Selection("time", ("loss",), rate=False))[0].lines
    assert [x - line.x[0] for x in line.x] == [0, 1, 2]


def test_epochs_that_are_not_told() -> None:
    with pytest.raises(CaffeToolsError) as caught:
        panels([named(train_log(range(3)))], (), Selection("epoch"))
    assert str(caught.value) == "a/b.log: found no epochs"


def test_events() -> None:
    log = replace(read(""), epoch=(10, 2.0))
    event = Event(1, "snapshot", "x", 20, 7.5)
    assert event_place(event, log, "iteration") == 20
    assert event_place(event, log, "epoch") == 4  # 20 * 2 / 10
    assert event_place(event, log, "time") == 7.5
    assert math.isnan(event_place(Event(1, "cut", "x"), log, "time"))
    assert math.isnan(event_place(Event(1, "cut", "x"), log, "epoch"))


def test_a_log_without_curves() -> None:
    with pytest.raises(CaffeToolsError) as caught:
        panels([named("good morning\n")], (), Selection())
    assert str(caught.value) == "a/b.log: found no curve"
