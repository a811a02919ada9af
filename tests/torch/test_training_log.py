"""The loop: what a run writes into its log, read back, is what the run had."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from caffetools.check.parsed_log import parse_log
from caffetools.torch.solver.solver_file import read_solver
from caffetools.torch.solver.solver_project import project_of
from caffetools.torch.training.forward import Forward
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.parallel import World
from caffetools.torch.training.project import RunOptions
from caffetools.torch.training.run import prepare
from caffetools.torch.training.trainer import Trainer
from tests.commands import run

NET = """\
name: "noise"
layer { name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param { shape { dim: 4 dim: 2 dim: 6 dim: 6 } shape { dim: 4 }
    data_filler { type: "gaussian" } data_filler { type: "constant" value: 1 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" param { lr_mult: 1 }
  convolution_param { num_output: 3 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
  inner_product_param { num_output: 3 weight_filler { type: "gaussian" std: 0.3 } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" top: "class"
  include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss"
  loss_weight: 0.7 }
layer { name: "pull" type: "Power" bottom: "ip" top: "pull" power_param { power: 2 }
  loss_weight: 1e-9 }
"""
SOLVER = """\
net: "net.prototxt" base_lr: 0.0123456789 lr_policy: "exp" gamma: 0.97 momentum: 0.9
weight_decay: 0.01 max_iter: 20 display: 2 average_loss: 3 test_iter: 2 test_iter: 3
test_state {} test_state { stage: "other" } test_interval: 10 snapshot: 10 snapshot_prefix: "noise"
clip_gradients: 0.5 random_seed: 4
"""


def shown(value: float) -> float:
    """As the log has it: of six digits."""
    return float(f"{value:.6g}")


def row(outputs: Mapping[str, Tensor]) -> dict[str, list[float]]:
    return {blob: [shown(each) for each in v.reshape(-1).tolist()] for blob, v in outputs.items()}


class Recording(Trainer):
    """Keeps the numbers of a run by iteration."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.train: dict[int, dict[str, Any]] = {}

    def gradients(self) -> dict[str, Tensor]:
        outputs = super().gradients()
        found = {"outputs": row(outputs), "loss": shown(self.losses.smoothed.value)}
        self.train[self.iteration] = found
        return outputs

    def update(self, *, shows: bool) -> None:
        iteration = self.iteration
        super().update(shows=shows)
        self.train[iteration]["lr"] = shown(self.solver.rate)


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Recording, list[Any], Path]:
    """A run, what its tests gave, and its log."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    tests: list[Any] = []
    scores = Forward.mean_outputs

    def recorded(*given: Any) -> Any:
        result = scores(*given)
        assert result is not None
        tests.append(row(result[0]))
        return result

    monkeypatch.setattr(Forward, "mean_outputs", recorded)
    monkeypatch.setattr("caffetools.torch.training.run.Trainer", Recording)
    stream = io.StringIO()
    log = GlogWriter(stream)
    project = project_of(read_solver("solver.prototxt"), (), log)
    made = prepare(project, RunOptions(), World(torch.device("cpu")), log)
    assert isinstance(made, Recording)
    made.solve()
    path = tmp_path / "train.log"
    path.write_text(stream.getvalue())
    return made, tests, path


def test_every_number_is_read_back(trained: tuple[Recording, list[Any], Path]) -> None:
    """Losses, rates and outputs of training and of both test nets."""
    made, tests, path = trained
    log = parse_log(path).to_dict()
    rows = {each["iteration"]: each for each in log["train"]}
    displayed = list(range(0, 20, 2))
    for iteration in displayed:
        had, found = made.train[iteration], rows[iteration]
        assert {name: found[name] for name in had} == had
    assert list(rows) == [*displayed, 20]  # and the loss once more when it has been trained
    assert rows[20]["loss"] == shown(made.losses.smoothed.value)
    tested = {(each["iteration"], each["net"]): each["outputs"] for each in log["test"]}
    places = [(iteration, net) for iteration in (0, 10, 20) for net in (0, 1)]
    assert tested == dict(zip(places, tests, strict=True))
    assert len(tests[0]["class"]) == 3
    assert len(tests[0]["pull"]) == 4 * 3


def test_the_net_in_the_log_is_the_net(trained: tuple[Recording, list[Any], Path]) -> None:
    """Recomputed from its echo it has the shapes, blobs and memory that the log says."""
    log = parse_log(trained[2]).to_dict()
    assert [net["phase"] for net in log["nets"]] == ["TRAIN", "TEST", "TEST"]
    assert [net["differences"] for net in log["nets"]] == [[], [], []]
    assert "Memory required for data: " in trained[2].read_text()
    assert log["solver"]["clip_gradients"] == 0.5
    files = [event["message"].split()[-1] for event in log["events"] if event["kind"] == "snapshot"]
    endings = (".caffemodel", ".solverstate")
    assert files == [f"noise_iter_{i}{ending}" for i in (10, 20) for ending in endings]


def test_it_is_plotted(trained: tuple[Recording, list[Any], Path]) -> None:
    pytest.importorskip("matplotlib")
    path = trained[2]
    done = run("plot", str(path), "-o", str(path.with_suffix(".svg")))
    assert done.status == 0, done.err
    assert path.with_suffix(".svg").stat().st_size > 1000


def test_every_line_is_one_of_glogs(trained: tuple[Recording, list[Any], Path]) -> None:
    """Or of an echo; none is empty, at which Caffe's own parse_log.py would stop."""
    lines = trained[2].read_text().splitlines()
    assert all(lines)
    rest = [line for line in lines if not re.match(r"[IWE]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ ", line)]
    assert all(re.fullmatch(r" *([a-z_]+ \{|[a-z_0-9]+: .+|\})", line) for line in rest)
