from __future__ import annotations

import io
import re

import pytest
import torch

from caffetools.torch.training.glog import Log
from caffetools.torch.training.losses import Losses
from caffetools.torch.training.parallel import World
from caffetools.torch.training.report import Report, output_lines
from caffetools.torch.training.settings import SolverSettings
from tests.torch.training.cases import lines

ALONE = World(torch.device("cpu"))
SETTINGS = SolverSettings(lr_policy="step", display=5, clip_gradients=2.0, test_compute_loss=True)
CLIPPED = "Gradient clipping: scaling down gradients (L2 norm 8 > 2) by scale factor 0.25"


def report(*, at_once: bool = True) -> tuple[Report, io.StringIO]:
    stream = io.StringIO()
    return Report(Log(stream), ALONE, SETTINGS, Losses(ALONE, 1, at_once=at_once)), stream


def test_an_iteration() -> None:
    made, stream = report()
    made.begins("net", 10)
    made.losses.add(torch.tensor(0.5))
    made.shows(15, {"loss": torch.tensor(0.25), "a": torch.ones(2)}, {"loss": 2.0})
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


def test_a_test() -> None:
    made, stream = report()
    made.tested({"accuracy": torch.tensor(0.75)}, {}, torch.tensor(1.5))
    assert lines(stream) == ["Test loss: 1.5", "    Test net output #0: accuracy = 0.75"]


@pytest.mark.parametrize("at_once", [True, False])
def test_norms_wait_where_losses_do(at_once: bool) -> None:
    """Of 2 and less nothing is told."""
    made, stream = report(at_once=at_once)
    for norm in (2.0, 8.0):
        made.norm(torch.tensor(norm))
    assert lines(stream) == ([CLIPPED] if at_once else [])
    made.look()
    made.look()
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
