"""Training steps of LeNet and CaffeNet against a loop written by hand; what the data layer gives.

    python tests/benchmarks/bench_training.py [--device cuda] [--rounds N] [--only PART]

The loop by hand is a tutorial's: torch.optim.SGD with momentum, decay and two groups of parameters,
batches that are slices of tensors in memory, the rate set in each step, the loss looked at as often
as the solver shows it. The other side is the solver of examples/, fed with the same arrays. They
take turns, and the shortest round of each counts. Status 1 where ours takes over 1.1 times as long.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from caffetools.formats.datum import encoded_datum, raw_datum  # noqa: E402
from caffetools.torch.solver.solver_file import read_solver  # noqa: E402
from caffetools.torch.solver.solver_project import project_of  # noqa: E402
from caffetools.torch.training.data.batches import Reading  # noqa: E402
from caffetools.torch.training.data.reader import Reader  # noqa: E402
from caffetools.torch.training.data.sources import Database  # noqa: E402
from caffetools.torch.training.data.transformer import Transform  # noqa: E402
from caffetools.torch.training.glog_writer import GlogWriter  # noqa: E402
from caffetools.torch.training.parallel import World  # noqa: E402
from caffetools.torch.training.project import RunOptions  # noqa: E402
from caffetools.torch.training.rates import Schedule  # noqa: E402
from caffetools.torch.training.run import prepare  # noqa: E402
from caffetools.torch.training.trainer import Trainer  # noqa: E402
from tests.benchmarks.bench_export import ByHand, timed  # noqa: E402

MOST = 1.1
EXAMPLES = ROOT / "examples"
DATA_LAYER = re.compile(r'^layer \{\n  name: "data"\n.*?^\}\n', re.MULTILINE | re.DOTALL)
Arrays = tuple[NDArray[np.float32], NDArray[np.float32]]


class LeNetByHand(nn.Module):
    """LeNet of PyTorch's own modules."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 20, 5),
            nn.MaxPool2d(2),
            nn.Conv2d(20, 50, 5),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(800, 500),
            nn.ReLU(),
            nn.Linear(500, 10),
        )

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Compute the loss."""
        return F.cross_entropy(self.layers(x), label)


class Loop:
    """The training by hand."""

    def __init__(self, net: nn.Module, trainer: Trainer, arrays: Arrays, batch: int) -> None:
        self.settings = trainer.settings
        self.net = net.to(trainer.world.device).train()
        self.data = torch.from_numpy(arrays[0])
        self.labels = torch.from_numpy(arrays[1]).long()
        self.batch, self.device = batch, trainer.world.device
        parameters = dict(self.net.named_parameters())
        self.groups: list[dict[str, Any]] = []
        for name, multiplier, decay in (("weight", 1, self.settings.weight_decay), ("bias", 2, 0)):
            chosen = [each for key, each in parameters.items() if key.endswith(name)]
            self.groups.append({"params": chosen, "weight_decay": decay, "multiplier": multiplier})
        rate = self.settings.base_lr
        self.optimizer = torch.optim.SGD(self.groups, rate, momentum=self.settings.momentum)
        self.schedule = Schedule(self.settings)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=False)
        self.iteration = 0

    def run(self, steps: int) -> None:
        """Take some steps."""
        for _ in range(steps):
            start = self.iteration * self.batch % len(self.data)
            x = self.data[start : start + self.batch].to(self.device)
            label = self.labels[start : start + self.batch].to(self.device)
            for group in self.optimizer.param_groups:
                group["lr"] = self.schedule.rate(self.iteration, 0.0) * group["multiplier"]
            self.optimizer.zero_grad()
            loss = self.net(x, label)
            self.scaler.scale(loss).backward()
            if self.iteration % self.settings.display == 0:
                loss.item()
            self.scaler.step(self.optimizer)
            self.scaler.update()
            self.iteration += 1


def trainer_of(solver: str, net: str, arrays: Arrays, device: str, batch: int) -> Trainer:
    """A trainer of examples/SOLVER, its data these arrays, without tests and snapshots."""
    tops = ("data", "label")
    shapes = [(batch, *array.shape[1:]) for array in arrays]
    dims = " ".join(f"shape {{ {' '.join(f'dim: {n}' for n in shape)} }}" for shape in shapes)
    fed = (
        f'layer {{ name: "data" type: "Input" top: "data" top: "label" input_param {{ {dims} }} }}'
    )
    text, count = DATA_LAYER.subn("", (EXAMPLES / net).read_text())
    assert count == 2
    with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as file:
        file.write(f"{text}\n".replace("layer {", f"{fed}\nlayer {{", 1))
        file.flush()
        project = project_of(read_solver(EXAMPLES / solver, net=file.name), (), GlogWriter(None))
    settings = replace(project.solver, test_interval=0, snapshot=0, snapshot_after_train=False)
    project = replace(project, solver=settings, tests=())
    options = RunOptions(device, feeds=dict(zip(tops, arrays, strict=True)))
    return prepare(project, options, World.join(device), GlogWriter(io.StringIO()))


def steps(name: str, ours: Trainer, loop: Loop, count: int, rounds: int) -> bool:
    """Rounds of some steps each, in turns; is the promise kept?"""
    kind = ours.world.device.type
    sides: list[Callable[[], object]] = [
        lambda: loop.run(count),
        lambda: ours.train_to(ours.iteration + count),
    ]
    for side in sides:
        side()
    times = [[timed(side, kind) / count for side in sides] for _ in range(rounds)]
    hand, mine = (min(column) for column in zip(*times, strict=True))
    kept: bool = mine <= MOST * hand
    print(
        f"{'' if kept else 'BROKEN: '}{name}, batch {loop.batch}, {kind}: by hand "
        f"{hand * 1e3:.2f} ms a step, caffetools {mine * 1e3:.2f} ms, ratio {mine / hand:.3f} "
        f"(<= {MOST})",
        flush=True,
    )
    return kept


def lenet(device: str, rounds: int) -> bool:
    """LeNet with batches of 64."""
    arrays = _arrays((1, 28, 28), 10, 1280)
    ours = trainer_of("lenet/solver.prototxt", "lenet/train_test.prototxt", arrays, device, 64)
    loop = Loop(LeNetByHand(), ours, arrays, 64)
    return steps("LeNet", ours, loop, 200 if device == "cuda" else 20, rounds)


def caffenet(device: str, rounds: int, batch: int) -> bool:
    """CaffeNet for 1,000 classes."""
    arrays = _arrays((3, 227, 227), 1000, 2 * batch)
    net = "caffenet/train_val_1000.prototxt"
    ours = trainer_of("caffenet/solver.prototxt", net, arrays, device, batch)
    return steps("CaffeNet", ours, Loop(ByHand(), ours, arrays, batch), 2, rounds)


def _arrays(shape: tuple[int, ...], classes: int, count: int) -> Arrays:
    random = np.random.default_rng(0)
    data = random.random((count, *shape), np.float32)
    return data, random.integers(0, classes, count).astype(np.float32)


def data(workers: int, batches: int, rounds: int) -> None:
    """Images a second of an LMDB of 256 x 256 images, cropped, mirrored, less a mean, in turns."""
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (64, 16, 16, 3), np.uint8)
    images = [Image.fromarray(each).resize((256, 256), Image.Resampling.BICUBIC) for each in small]
    transform = Transform(mirror=True, crop_size=227, mean_values=(104.0, 117.0, 123.0))
    for name, record in (("raw", _raw), ("JPEG", _jpeg)):
        with tempfile.TemporaryDirectory() as folder:
            with lmdb.open(folder, map_size=1 << 28) as made, made.begin(write=True) as to:
                for index, image in enumerate(images):
                    to.put(f"{index:08}".encode(), record(image, index))
            source = Database(("data", "label"), folder, "LMDB", 32, transform)
            readers = [_started(source, count) for count in (0, workers)]
            speeds = [[_speed(reader, batches) for reader in readers] for _ in range(rounds)]
            for reader in readers:
                reader.close()
        alone, ahead = np.median(speeds, axis=0)
        ratio = np.median([b / a for a, b in speeds])
        print(
            f"LMDB, {name} 256 x 256 x 3, crop 227, mirror, mean: {ahead:.0f} images a second with "
            f"{workers} workers, {alone:.0f} with none, ratio {ratio:.2f} (medians of {rounds})",
            flush=True,
        )


def _raw(image: Image.Image, label: int) -> bytes:
    return raw_datum(np.asarray(image)[:, :, ::-1], label)


def _jpeg(image: Image.Image, label: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return encoded_datum(file.getvalue(), label)


def _started(source: Database, workers: int) -> Reader:
    reader = Reader(source, Reading(seed=0, train=True, workers=workers), reuse=True)
    reader.first()
    reader.next()
    return reader


def _speed(reader: Reader, batches: int) -> float:
    for _ in range(1 + 2 * reader.workers):  # what the workers have read ahead
        reader.next()
    start = time.perf_counter()
    for _ in range(batches):
        reader.next()
    return batches * reader.step / (time.perf_counter() - start)


def main() -> None:
    """Measure what is asked for; status 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=16, help="of CaffeNet (default: 16)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batches", type=int, default=20, help="of the data layer")
    parser.add_argument("--only", choices=("lenet", "caffenet", "data"))
    options = parser.parse_args()
    kept = True
    if options.only in (None, "lenet"):
        kept &= lenet(options.device, options.rounds)
    if options.only in (None, "caffenet"):
        kept &= caffenet(options.device, options.rounds, options.batch)
    if options.only in (None, "data"):
        data(options.workers, options.batches, options.rounds)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
