"""Speed of `caffetools shapes` and `--help`, each compared with a named rival in the same run.

    python tests/benchmarks/bench_shapes.py

Prints a line for each promise and ends with status 1 if one is broken. Not part of the test suite.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from google.protobuf import text_format

from caffetools.net.loading import from_text

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks.nets import inception_resnet  # noqa: E402
from tests.protobuf_classes import protobuf_classes  # noqa: E402

CAFFENET = ROOT / "examples" / "caffenet" / "train_val_1000.prototxt"
ROUNDS = 7
STARTS = 30


def seconds(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The shortest of several runs: what the machine's other work adds is left out."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def in_process() -> tuple[str, bool]:
    """Reading and inferring a net of Inception-ResNet-v2's size, against protobuf's parse alone."""
    text = inception_resnet(987)
    message = protobuf_classes()["NetParameter"]
    layers = text.count("\nlayer {")
    ours = seconds(partial(from_text, text, phase="test"))
    rival = seconds(lambda: text_format.Parse(text, message()))
    line = (
        f"read and infer {layers} layers, {len(text) // 1000} KB: {ours * 1e3:.0f} ms; "
        f"google.protobuf.text_format.Parse alone: {rival * 1e3:.0f} ms; "
        f"ratio {ours / rival:.2f} (< 1)"
    )
    return line, ours < rival


def start() -> tuple[str, bool]:
    """Whole processes in turn, with bytecode as an installed package has it."""
    rival = "import google.protobuf.text_format, click"
    commands = {
        "caffetools --help": ("-m", "caffetools", "--help"),
        "caffetools shapes on CaffeNet": ("-m", "caffetools", "shapes", str(CAFFENET)),
        f"python -c {rival!r}": ("-c", rival),
    }
    took: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(STARTS + 1):
            for name, command in commands.items():
                line = [sys.executable, *command]
                begin = time.perf_counter()
                subprocess.run(line, check=True, capture_output=True, env=environment)
                took[name].append(time.perf_counter() - begin)
    *ours, other = (times[1:] for times in took.values())  # the first wrote the bytecode
    ratios = [min(times) / min(other) for times in ours]
    parts = [
        f"{name}: {min(times[1:]) * 1e3:.0f} ms (median {median(times[1:]) * 1e3:.0f} ms)"
        for name, times in took.items()
    ]
    shown = " and ".join(f"{ratio:.2f}" for ratio in ratios)
    return f"{'; '.join(parts)}; ratios {shown} (<= 1.5)", max(ratios) <= 1.5


def linear() -> tuple[str, bool]:
    """Time a layer at 1,000, 10,000 and 100,000 layers."""
    costs = []
    for layers in (1_000, 10_000, 100_000):
        text = inception_resnet(layers)
        found = text.count("\nlayer {")
        took = seconds(partial(from_text, text, phase="test"), 2)
        costs.append(took / found * 1e6)
    line = "microseconds a layer at 1,000, 10,000 and 100,000 layers: " + ", ".join(
        f"{cost:.0f}" for cost in costs
    )
    return f"{line}; last to first {costs[-1] / costs[0]:.2f} (< 1.5)", costs[-1] < 1.5 * costs[0]


def main() -> None:
    """Run all; status 1 if a promise is broken."""
    kept = True
    for benchmark in (in_process, start, linear):
        line, good = benchmark()
        print(line if good else f"BROKEN: {line}", flush=True)
        kept &= good
    sys.exit(not kept)


if __name__ == "__main__":
    main()
