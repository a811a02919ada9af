"""Exported CaffeNet against the same net written by hand, and weights against protobuf.

    python tests/benchmarks/bench_export.py [--device cuda] [--rounds N] [--only speed|weights]

Prints the best time of each side, taken in turns, and their ratio.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from caffetools.formats.caffemodel import caffemodel
from caffetools.net.loading import load
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module

NET = Path(__file__).parents[2] / "examples" / "caffenet" / "train_val_1000.prototxt"


class ByHand(nn.Module):
    """CaffeNet as one would write it: PyTorch's own modules, LRN included."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, stride=4),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.LocalResponseNorm(5),
            nn.Conv2d(96, 256, 5, padding=2, groups=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.LocalResponseNorm(5),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 384, 3, padding=1, groups=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1, groups=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.classifier = nn.Sequential(
            nn.Linear(9216, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, 1000),
        )

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Compute the loss."""
        return F.cross_entropy(self.classifier(self.features(x).flatten(1)), label.long())


def step(module: Callable[..., Tensor], x: Tensor, label: Tensor) -> None:
    """One pass there and back."""
    module(x, label).backward()  # type: ignore[no-untyped-call]


def timed(call: Callable[[], object], device: str) -> float:
    """Seconds of one call."""
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def speed(device: str, rounds: int, batch: int) -> None:
    """Both nets in turns, eager and compiled."""
    shapes = {"data": (batch, 3, 227, 227), "label": (batch,)}
    exported = load_module(assemble(load(NET, input_shapes=shapes))).to(device)
    by_hand = ByHand().to(device)
    x = torch.randn(batch, 3, 227, 227, device=device)
    label = torch.randint(0, 1000, (batch,), device=device).float()
    for name, wrap in (("eager", lambda module: module), ("torch.compile", torch.compile)):
        sides: list[Any] = [wrap(by_hand), wrap(exported)]
        for side in sides:
            for _ in range(2):
                step(side, x, label)
        steps = [partial(step, side, x, label) for side in sides]
        times = [[timed(each, device) for each in steps] for _ in range(rounds)]
        hand, ours = (min(column) for column in zip(*times, strict=True))
        print(
            f"CaffeNet, batch {batch}, {device}, {name}: by hand {hand * 1e3:.1f} ms, "
            f"exported {ours * 1e3:.1f} ms, {hand / ours:.3f}x"
        )


OURS = """
from caffetools.formats.weights import read_weights
layers = read_weights(path).layers
found = {layer.name: [blob.as_float32() for blob in layer.blobs] for layer in layers}
"""
PROTOBUF = """
net = protobuf_classes()["NetParameter"]()
net.ParseFromString(open(path, "rb").read())
found = {layer.name: [np.array(b.data, np.float32) for b in layer.blobs] for layer in net.layer}
"""
MEASURE = """
import sys, time
import numpy as np
import caffetools.formats.caffemodel, caffetools.formats.weights
from tests.protobuf_classes import protobuf_classes

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])

protobuf_classes()
path, before, start = sys.argv[1], peak(), time.perf_counter()
{body}
opened = time.perf_counter()
total = sum(float(blob.sum()) for blobs in found.values() for blob in blobs)
print(opened - start, time.perf_counter() - start, peak() - before)
"""


def weights(rounds: int) -> None:
    """A file of CaffeNet's size, opened: ours and protobuf's parse with numpy.array."""
    net = load(NET, input_shapes={"data": (1, 3, 227, 227), "label": (1,)})
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "caffenet.caffemodel")
        layers = [
            (
                each.node.name,
                each.node.type,
                [random.random(p.shape, np.float32) for p in each.params],
            )
            for each in net.layers
        ]
        with open(path, "wb") as file:
            file.writelines(caffemodel("CaffeNet", layers))
        size = os.path.getsize(path)
        best = {}
        for name, body in (("caffetools", OURS), ("protobuf and numpy.array", PROTOBUF)):
            runs = [_measured(body, path) for _ in range(rounds)]
            opened, read = (min(column) for column in list(zip(*runs, strict=True))[:2])
            best[name] = read
            print(
                f"{size / 1e6:.0f} MB caffemodel, {name}: opened in {opened:.3f} s, every number "
                f"read once in {read:.3f} s, peak {max(run[2] for run in runs) / size:.2f}x"
            )
        ours, other = best.values()
        print(f"opened and read in {ours / other:.2f} of the time")


def _measured(body: str, path: str) -> tuple[float, float, float]:
    """Seconds to open and to have read, and the growth of the peak in bytes, in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(body=body), path],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    opened, read, peak = map(float, done.stdout.split())
    return opened, read, peak * 1024


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--only", choices=("speed", "weights"))
    options = parser.parse_args()
    if options.only != "weights":
        speed(options.device, options.rounds, options.batch)
    if options.only != "speed":
        weights(options.rounds)


if __name__ == "__main__":
    main()
