"""Training steps on a GPU against loops written by hand, memory, and whether data keeps up.

    python tests/benchmarks/bench_gpu.py [--device cpu] [--batch N] [--rounds N] [--only PART]

Parts: `caffenet` and `resnet50` compare a step of the solver of examples/caffenet with the loop of
bench_training.py, eager, compiled, under autocast and with channels last; `memory` prints the peak
of a step beside what `shapes` counts; `data` the images a second of an LMDB with workers beside
what the step of CaffeNet takes. Eager may take 1.05 times as long as by hand, compiled as long. On
the CPU the same program runs with few images, to show that it works. Status 1 if a ratio is broken.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from caffetools.net.loading import from_text  # noqa: E402
from caffetools.torch.solver.solver_file import read_solver  # noqa: E402
from caffetools.torch.solver.solver_project import project_of  # noqa: E402
from caffetools.torch.training.glog_writer import GlogWriter  # noqa: E402
from caffetools.torch.training.parallel import World  # noqa: E402
from caffetools.torch.training.project import RunOptions  # noqa: E402
from caffetools.torch.training.run import prepare  # noqa: E402
from caffetools.torch.training.trainer import Trainer  # noqa: E402
from tests.benchmarks import bench_training  # noqa: E402
from tests.benchmarks.bench_export import ByHand, timed  # noqa: E402

EAGER_MOST, COMPILED_MOST = 1.05, 1.0
STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Width, blocks and stride of each stage of ResNet-50."""
CAFFENET = (ROOT / "examples" / "caffenet" / "train_val_1000.prototxt").read_text("utf-8")


def conv_bn(name: str, bottom: str, shape: tuple[int, int, int, int], relu: bool) -> str:
    """Convolution, BatchNorm, Scale and perhaps ReLU in Caffe's form."""
    outputs, kernel, stride, pad = shape
    text = (
        f'layer {{ name: "{name}" type: "Convolution" bottom: "{bottom}" top: "{name}" '
        f"convolution_param {{ num_output: {outputs} kernel_size: {kernel} stride: {stride} "
        f'pad: {pad} bias_term: false weight_filler {{ type: "msra" }} }} }}\n'
    )
    kinds = [("bn", "BatchNorm", ""), ("scale", "Scale", "scale_param { bias_term: true }")]
    for end, kind, options in [*kinds, *([("relu", "ReLU", "")] if relu else [])]:
        text += (
            f'layer {{ name: "{name}_{end}" type: "{kind}" bottom: "{name}" top: "{name}" '
            f"{options} }}\n"
        )
    return text


def resnet50() -> str:
    """ResNet-50 (He et al., 2015) for training, without its data layer."""
    text = conv_bn("conv1", "data", (64, 7, 2, 3), relu=True)
    text += (
        'layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1" '
        "pooling_param { pool: MAX kernel_size: 3 stride: 2 } }\n"
    )
    bottom = "pool1"
    for stage, (width, blocks, first) in enumerate(STAGES, 2):
        for block in range(blocks):
            name, stride = f"res{stage}_{block}", first if block == 0 else 1
            shortcut = bottom
            if block == 0:
                shortcut = f"{name}_short"
                text += conv_bn(shortcut, bottom, (4 * width, 1, stride, 0), relu=False)
            text += conv_bn(f"{name}_a", bottom, (width, 1, stride, 0), relu=True)
            text += conv_bn(f"{name}_b", f"{name}_a", (width, 3, 1, 1), relu=True)
            text += conv_bn(f"{name}_c", f"{name}_b", (4 * width, 1, 1, 0), relu=False)
            text += (
                f'layer {{ name: "{name}" type: "Eltwise" bottom: "{shortcut}" '
                f'bottom: "{name}_c" top: "{name}" }}\n'
                f'layer {{ name: "{name}_relu" type: "ReLU" bottom: "{name}" top: "{name}" }}\n'
            )
            bottom = name
    return text + (
        f'layer {{ name: "pool5" type: "Pooling" bottom: "{bottom}" top: "pool5" '
        "pooling_param { pool: AVE global_pooling: true } }\n"
        'layer { name: "fc" type: "InnerProduct" bottom: "pool5" top: "fc" '
        'inner_product_param { num_output: 1000 weight_filler { type: "xavier" } } }\n'
        'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }\n'
    )


def unit(inputs: int, outputs: int, kernel: int, stride: int = 1) -> Iterator[nn.Module]:
    """Convolution and normalization."""
    yield nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    yield nn.BatchNorm2d(outputs)


class Block(nn.Module):
    """A bottleneck of ResNet-50, its stride in the first convolution as in the paper."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            *unit(inputs, width, 1, stride),
            nn.ReLU(inplace=True),
            *unit(width, width, 3),
            nn.ReLU(inplace=True),
            *unit(width, 4 * width, 1),
        )
        self.short: nn.Module = nn.Identity()
        if inputs != 4 * width:
            self.short = nn.Sequential(*unit(inputs, 4 * width, 1, stride))

    def forward(self, x: Tensor) -> Tensor:
        """Add the path to the shortcut."""
        return F.relu(self.path(x) + self.short(x))


class ResNetByHand(nn.Module):
    """ResNet-50 of PyTorch's own modules."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(3, 64, 7, 2, 3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        ]
        inputs = 64
        for width, blocks, stride in STAGES:
            for block in range(blocks):
                layers.append(Block(inputs, width, 1 if block else stride))
                inputs = 4 * width
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(inputs, 1000)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Compute the loss."""
        return F.cross_entropy(self.head(self.layers(x)), label)


TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}

NETS: dict[str, tuple[Callable[[], str], type[nn.Module], int]] = {
    "caffenet": (lambda: bench_training.DATA_LAYER.sub("", CAFFENET), ByHand, 227),
    "resnet50": (resnet50, ResNetByHand, 224),
}


class Loop(bench_training.Loop):
    """The loop by hand with autocast, compiled, or with channels last."""

    autocast: torch.dtype | None = None
    channels_last = False

    def run(self, steps: int) -> None:
        """Take some steps."""
        if self.channels_last:
            self.data = self.data.contiguous(memory_format=torch.channels_last)
        cast = torch.autocast(self.device.type, self.autocast) if self.autocast else nullcontext()
        with cast:
            super().run(steps)


def trainer_of(text: str, arrays: bench_training.Arrays, options: RunOptions) -> Trainer:
    """A trainer of the solver of examples/caffenet for a net fed with these arrays."""
    fed = "".join(
        f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ '
        + " ".join(f"dim: {size}" for size in (len(array) // 2, *array.shape[1:]))
        + " } } }\n"
        for name, array in zip(("data", "label"), arrays, strict=True)
    )
    path = Path(options.snapshot or "net.prototxt")
    path.write_text(fed + text, "utf-8")
    solver = read_solver(ROOT / "examples" / "caffenet" / "solver.prototxt", net=str(path))
    project = project_of(solver, (), GlogWriter(None))
    settings = replace(project.solver, test_interval=0, snapshot=0, snapshot_after_train=False)
    options = replace(
        options, snapshot=None, feeds=dict(zip(("data", "label"), arrays, strict=True))
    )
    project, world = replace(project, solver=settings, tests=()), World.join(options.device)
    return prepare(project, options, world, GlogWriter(io.StringIO()))


def _lay_out(module: nn.Module) -> None:
    """Lay out the weights of convolutions with channels last."""
    for parameter in module.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def steps(name: str, device: str, batch: int, rounds: int, path: str) -> bool:
    """Each way of training in turns with the loop by hand; are the promises kept?"""
    make, by_hand, size = NETS[name]
    arrays = bench_training._arrays((3, size, size), 1000, 2 * batch)
    kept = True
    for mode in ("eager", "channels last", "bf16", "fp16", "compiled"):
        options: dict[str, Any] = {
            "amp": mode if mode in TYPES else None,
            "compile": mode == "compiled",
        }
        ours = trainer_of(make(), arrays, RunOptions(device, snapshot=path, **options))
        net = by_hand()
        if mode == "channels last":
            for module in (net, ours.module):
                _lay_out(module)
        loop = Loop(net, ours, arrays, batch)
        loop.autocast, loop.channels_last = TYPES.get(mode), mode == "channels last"
        if mode == "fp16":
            loop.scaler = torch.amp.GradScaler(device.partition(":")[0])
        if mode == "compiled":
            loop.net = torch.compile(loop.net)  # type: ignore[assignment]
        count = 20 if ours.world.device.type == "cuda" else 1
        kept &= compare(f"{name}, {mode}", ours, loop, count, rounds)
    return kept


def compare(name: str, ours: Trainer, loop: Loop, count: int, rounds: int) -> bool:
    """Print the shortest step of each side; is the ratio kept, where this is a GPU?"""
    kind = ours.world.device.type
    sides = (lambda: loop.run(count), lambda: ours.train_to(ours.iteration + count))
    for side in sides * 2:
        side()
    times = [[timed(side, kind) / count for side in sides] for _ in range(rounds)]
    hand, mine = (min(column) for column in zip(*times, strict=True))
    most = COMPILED_MOST if name.endswith("compiled") else EAGER_MOST
    kept = kind == "cpu" or mine <= most * hand
    print(
        f"{'' if kept else 'BROKEN: '}{name}, batch {loop.batch}, {kind}: by hand "
        f"{hand * 1e3:.2f} ms a step, caffetools {mine * 1e3:.2f} ms, ratio {mine / hand:.3f}",
        flush=True,
    )
    return kept


def memory(device: str, batch: int, path: str) -> None:
    """Print the peak of a step of CaffeNet beside what `shapes` counts for training."""
    make, _, size = NETS["caffenet"]
    arrays = bench_training._arrays((3, size, size), 1000, 2 * batch)
    trainer = trainer_of(make(), arrays, RunOptions(device, snapshot=path))
    cost = from_text(Path(path).read_text("utf-8")).cost
    known = (cost.unique_memory_bytes, cost.gradient_bytes, cost.history_bytes)
    counted = sum(number or 0 for number in known) + 4 * (cost.params or 0)
    trainer.train_to(2)
    peak = torch.cuda.max_memory_allocated() if device.startswith("cuda") else None
    found = "not measured on the CPU" if peak is None else f"{peak / 1e6:.0f} MB"
    print(f"caffenet, batch {batch}: counted {counted / 1e6:.0f} MB, peak {found}", flush=True)


def main() -> None:
    """Measure what is asked for; status 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--only", choices=("caffenet", "resnet50", "memory", "data"))
    options = parser.parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        sys.exit("not run: no GPU was at hand (--device cpu runs the same steps there)")
    import tempfile

    kept = True
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "net.prototxt"))
        for name in NETS:
            if options.only in (None, name):
                kept &= steps(name, options.device, options.batch, options.rounds, path)
        if options.only in (None, "memory"):
            memory(options.device, options.batch, path)
    if options.only in (None, "data"):
        bench_training.data(options.workers, 20, options.rounds)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
