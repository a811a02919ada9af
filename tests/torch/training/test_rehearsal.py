from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.sources import ArraySource
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.project import RunOptions
from caffetools.torch.training.run import run
from tests.torch.training.cases import Small, arrays, lines, project, with_source


def logged(folder: Path, only: str, **settings: object) -> list[str]:
    """The log of a run that does something else than training."""
    stream = io.StringIO()
    run(project(folder, **settings), RunOptions(only=only), GlogWriter(stream))
    return lines(stream)


def test_a_dry_run(tmp_path: Path) -> None:
    """6 * 3 + 3 = 21 parameters; no snapshot, no iteration."""
    training, test, whole = logged(tmp_path, "check", iter_size=2)
    seconds = r"\d+\.\d{3} s"
    said = rf"Check: loss = [\d.]+; 2 batches forward and backward in {seconds}"
    assert re.fullmatch(said, training)
    assert re.fullmatch(rf"Check: test net #0: 1 batch forward in {seconds}", test)
    assert whole.startswith("Check: 21 parameters; ")
    assert whole.endswith("; nothing was trained or written")
    assert list(tmp_path.iterdir()) == []


def test_the_weights_remain(tmp_path: Path) -> None:
    made = Small()
    before = made.ip.weight.detach().clone()
    whole = project(tmp_path)
    whole = replace(whole, net=replace(whole.net, build=lambda: made))
    run(whole, RunOptions(only="check"), GlogWriter(None))
    assert torch.equal(made.ip.weight, before)


def test_a_loss_that_is_not_finite(tmp_path: Path) -> None:
    data, labels = arrays(20)
    whole = with_source(
        project(tmp_path), ArraySource(("data", "label"), 4, (data * np.nan, labels))
    )
    with pytest.raises(CaffeToolsError, match="the loss is nan at iteration 0"):
        run(whole, RunOptions(only="check"), GlogWriter(None))


def test_a_test_alone(tmp_path: Path) -> None:
    begin, accuracy, loss = logged(tmp_path, "test")
    assert begin == "Iteration 0, Testing net (#0)"
    assert re.match(r" *Test net output #0: accuracy = ", accuracy)
    assert re.match(r" *Test net output #1: loss = ", loss)
    assert list(tmp_path.iterdir()) == []


def test_no_test_net(tmp_path: Path) -> None:
    whole = replace(project(tmp_path), tests=())
    with pytest.raises(CaffeToolsError, match="the solver has no test net"):
        run(whole, RunOptions(only="test"), GlogWriter(None))
