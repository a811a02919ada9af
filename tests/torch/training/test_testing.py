from __future__ import annotations

from pathlib import Path

import pytest
import torch

from caffetools.torch.training.glog import Log
from caffetools.torch.training.skipped import Skipped
from caffetools.torch.training.testing import scores
from tests.torch.training.cases import project, trainer


def test_scores_are_the_mean_of_all_batches(tmp_path: Path) -> None:
    made = trainer(project(tmp_path))
    net = made.tests[0]
    inputs = net.readers[0].batches
    with torch.no_grad():
        batches = [made.forward(net.module, inputs[start].tensors) for start in (0, 5)]
    result = scores(net, made.forward, torch.device("cpu"), Skipped(Log(None)), lambda: False)
    assert result is not None
    for blob in ("accuracy", "loss"):
        mean = sum(float(batch[blob]) for batch in batches) / 2
        assert float(result[0][blob]) == pytest.approx(mean)
    assert float(result[1]) == pytest.approx(float(result[0]["loss"]))
    assert net.readers[0].position == 10


def test_a_test_may_be_stopped(tmp_path: Path) -> None:
    made = trainer(project(tmp_path))
    assert (
        scores(made.tests[0], made.forward, torch.device("cpu"), Skipped(Log(None)), lambda: True)
        is None
    )
