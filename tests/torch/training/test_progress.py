from __future__ import annotations

import io
import re
import time
from dataclasses import replace

import pytest
import torch

from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.losses import Losses
from caffetools.torch.training.parallel import World
from caffetools.torch.training.progress import (
    Report,
    SkippedItems,
    SpeedMeter,
    output_lines,
)
from caffetools.torch.training.settings import SolverSettings
from tests.torch.training.cases import lines

ALONE = World(torch.device("cpu"))
SETTINGS = SolverSettings(lr_policy="step", display=5, clip_gradients=2.0, test_compute_loss=True)
CLIPPED = "Gradient clipping: scaling down gradients (L2 norm 8 > 2) by scale factor 0.25"


def report(*, at_once: bool = True) -> tuple[Report, io.StringIO]:
    stream = io.StringIO()
    return Report(GlogWriter(stream), ALONE, SETTINGS, Losses(ALONE, 1, at_once=at_once)), stream


def test_an_iteration() -> None:
    made, stream = report()
    made.begin("net", 10)
    made.losses.add(torch.tensor(0.5))
    made.show(15, {"loss": torch.tensor(0.25), "a": torch.ones(2)}, {"loss": 2.0})
    made.rate(15, 0.0123456789)
    made.last_loss(16)
    found = lines(stream)
    assert re.fullmatch(r"Iteration 15 \(\S+ iter/s, \S+s/5 iters\), loss = 0\.5", found.pop(2))
    assert found == [
        "Solving net",
        "Learning Rate Policy: step",
        "    Train net output #0: loss = 0.25 (* 2 = 0.5 loss)",
        "    Train net output #1: a = 1",
        "    Train net output #2: a = 1",
        "Iteration 15, lr = 0.0123457",
        "Iteration 16, loss = 0.5",
    ]


def test_curves() -> None:
    """What is shown, with the solver's own loss and rate under these names."""
    found: list[object] = []
    losses = Losses(ALONE, 1, at_once=True)
    made = Report(
        GlogWriter(None), ALONE, SETTINGS, losses, curve=lambda *given: found.append(given)
    )
    losses.add(torch.tensor(0.5))
    made.show(15, {"loss": torch.tensor(0.25), "a": torch.tensor([1.0, 2.0])}, {"loss": 2.0})
    made.rate(15, 0.125)
    assert found == [
        ("train", 15, {"output loss": [0.25], "a": [1.0, 2.0], "loss": [0.5]}),
        ("train", 15, {"lr": [0.125]}),
    ]


def test_a_test() -> None:
    made, stream = report()
    made.test({"accuracy": torch.tensor(0.75)}, {}, torch.tensor(1.5))
    assert lines(stream) == ["Test loss: 1.5", "    Test net output #0: accuracy = 0.75"]


@pytest.mark.parametrize("per_class", [True, False])
def test_a_test_of_detections(per_class: bool) -> None:
    """The mean over the classes: (0.5 + 0) / 2."""
    made, stream = report()
    made.settings = replace(SETTINGS, show_per_class_result=per_class)
    made.test(made.precisions({"eval": {1: 0.5, 2: 0.0}}), {}, torch.tensor(1.5))
    classes = ["class1: 0.5", "class2: 0"] if per_class else []
    mean = "    Test net output #0: eval = 0.25"
    assert lines(stream) == [*classes, "Test loss: 1.5", mean]


@pytest.mark.parametrize("at_once", [True, False])
def test_norms_wait_where_losses_do(at_once: bool) -> None:
    """Of 2 and less nothing is told."""
    made, stream = report(at_once=at_once)
    for norm in (2.0, 8.0):
        made.norm(torch.tensor(norm))
    assert lines(stream) == ([CLIPPED] if at_once else [])
    made.fetch()
    made.fetch()
    assert lines(stream) == [CLIPPED]


def test_what_waits_is_looked_at_when_it_is_shown() -> None:
    made, stream = report(at_once=False)
    made.norm(torch.tensor(8.0))
    made.losses.add(torch.tensor(3.0))
    made.last_loss(1)
    assert lines(stream) == [CLIPPED, "Iteration 1, loss = 3"]


def test_lines_count_every_element() -> None:
    outputs = {"a": torch.tensor([0.5, 1e-7]), "loss": torch.tensor(2.0)}
    assert output_lines("Train", outputs, {"loss": 0.25}) == [
        "    Train net output #0: a = 0.5",
        "    Train net output #1: a = 1e-07",
        "    Train net output #2: loss = 2 (* 0.25 = 0.5 loss)",
    ]


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test moves on."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_lap(seconds: list[float]) -> None:
    given = SpeedMeter(10)
    seconds[0] = 102.0
    assert given.lap(15, 5) == "2.5 iter/s, 2s/5 iters"
    seconds[0] = 102.5
    assert given.lap(20, 5) == "10 iter/s, 0.5s/5 iters"


def test_no_time_at_all(seconds: list[float]) -> None:
    given = SpeedMeter(0)
    assert seconds == [100.0]
    assert given.lap(3, 1) == "3 iter/s, 0s/1 iters"


def test_progress(seconds: list[float]) -> None:
    given = SpeedMeter(0)
    seconds[0] = 102.0
    # 20 in 2 seconds; 40,000 are left: 4,000 seconds = 1 h 6 min 40 s.
    assert given.progress(20, 40020, 0.25) == "20 of 40020, 10 iter/s, loss 0.25, 1:06:40 left"
    assert given.progress(0, 10, 1.0) == "0 of 10, 0 iter/s, loss 1, 0:00:00 left"


def test_each_is_told_once_and_all_are_counted() -> None:
    stream = io.StringIO()
    skipped = SkippedItems(GlogWriter(stream))
    for notes in (["a is damaged"], [], ["b is damaged", "a is damaged"]):
        skipped.log_notes(notes)
    assert skipped.count == 3
    skipped.log_total([skipped.found])
    assert lines(stream) == [
        "a is damaged; the next item takes its place",
        "b is damaged; the next item takes its place",
        "damaged items that were skipped in this run: 3",
    ]
    assert {line[0] for line in stream.getvalue().splitlines()} == {"W"}


def test_nothing_is_said_where_nothing_was_skipped() -> None:
    stream = io.StringIO()
    SkippedItems(GlogWriter(stream)).log_total([(0, ()), (0, ())])
    assert stream.getvalue() == ""


def test_what_other_processes_met_is_told_in_the_end() -> None:
    stream = io.StringIO()
    skipped = SkippedItems(GlogWriter(stream))
    skipped.log_notes(["a is damaged"])
    skipped.log_total([skipped.found, (4, ("b is damaged", "a is damaged"))])
    assert lines(stream) == [
        "a is damaged; the next item takes its place",
        "b is damaged; the next item takes its place",
        "damaged items that were skipped in this run: 5",
    ]
