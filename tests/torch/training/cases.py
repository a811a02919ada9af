"""Small trainings for tests: a net of digits made of noise, a solver, and the files of a run."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from caffetools.formats.caffemodel import NetTemplate
from caffetools.proto.wire import bytes_field, string_field
from caffetools.torch.training.data.sources import ArraySource
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.parallel import World
from caffetools.torch.training.project import NetWithData, Project, RunOptions
from caffetools.torch.training.run import prepare
from caffetools.torch.training.settings import SolverSettings
from caffetools.torch.training.trainer import Trainer


class Small(nn.Module):
    """As an exported class: data and label -> loss."""

    inputs = ("data", "label")
    outputs: tuple[str, ...] = ("loss",)
    loss_weights = {"loss": 1.0}  # noqa: RUF012  # as the exporter writes it
    caffe_params = {"ip": ("ip.weight", "ip.bias")}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.ip = nn.Linear(6, 3)
        self.drop = nn.Dropout(0.5)

    def forward(self, data: Tensor, label: Tensor) -> Tensor:
        scores = self.ip(self.drop(data.flatten(1)))
        return nn.functional.cross_entropy(scores, label.long())


class SmallTest(Small):
    """The same for the test phase: accuracy and loss."""

    outputs = ("accuracy", "loss")

    def forward(self, data: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        scores = self.ip(data.flatten(1))
        accuracy = (scores.argmax(1) == label.long()).float().mean()
        return accuracy, nn.functional.cross_entropy(scores, label.long())


def arrays(count: int, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    """Items that a linear net can learn, and their labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    data = random.normal(size=(count, 1, 2, 3)).astype(np.float32)
    data.reshape(count, 6)[np.arange(count), labels] += 3
    return data, labels.astype(np.float32)


TEMPLATE = NetTemplate(
    "small",
    tuple((name, string_field(1, name) + string_field(2, "InnerProduct")) for name in ("ip",)),
)


def project(folder: Path, **settings: Any) -> Project:
    """Trains Small on 20 items, 4 a batch, and tests it on 2 batches of 5."""
    given: dict[str, Any] = {
        "max_iter": 12,
        "base_lr": 0.1,
        "momentum": 0.9,
        "test_interval": 4,
        "display": 2,
        "snapshot_prefix": str(folder / "small"),
        "random_seed": 3,
        **settings,
    }
    tops = ("data", "label")
    test = NetWithData(SmallTest, (ArraySource(tops, 5, arrays(10, 1)),), iterations=2)
    return Project(
        "small",
        SolverSettings(**given),
        NetWithData(Small, (ArraySource(tops, 4, arrays(20)),)),
        (test,),
        {"ip": ((1.0, 1.0), (2.0, 0.0))},
        TEMPLATE,
    )


def trainer(made: Project, stream: io.StringIO | None = None, **options: Any) -> Trainer:
    """A trainer of the project on the CPU, at its start or at a snapshot."""
    return prepare(made, RunOptions(**options), World(torch.device("cpu")), GlogWriter(stream))


def lines(stream: io.StringIO) -> list[str]:
    """The messages of a log, without their prefixes."""
    return [line.partition("] ")[2] for line in stream.getvalue().splitlines()]


def with_source(made: Project, source: ArraySource) -> Project:
    """The project with another source of training items."""
    return replace(made, net=replace(made.net, sources=(source,)))


def record(*fields: tuple[int, bytes]) -> bytes:
    """A protobuf message of length-delimited fields."""
    return b"".join(bytes_field(number, data) for number, data in fields)
