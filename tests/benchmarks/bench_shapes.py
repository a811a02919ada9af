"""What `caffetools shapes` promises of its speed, each against a named rival in the same run.

    python tests/benchmarks/bench_shapes.py

Prints a line for each promise and ends with status 1 if one is broken. Not part of the test suite.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from google.protobuf import text_format

from caffetools.net.net import from_text
from caffetools.proto.protobuf_classes import protobuf_classes

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks.nets import inception_resnet  # noqa: E402

CAFFENET = ROOT / "examples" / "caffenet" / "train_val_1000.prototxt"
ROUNDS = 7


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


def command() -> tuple[str, bool]:
    """The whole command on CaffeNet, against the start of Python with protobuf and click."""

    def run(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)

    ours = seconds(lambda: run("-m", "caffetools", "shapes", str(CAFFENET)))
    rival = seconds(lambda: run("-c", "import google.protobuf.text_format, click"))
    line = (
        f"caffetools shapes on CaffeNet: {ours * 1e3:.0f} ms; "
        f"python -c 'import google.protobuf.text_format, click': {rival * 1e3:.0f} ms; "
        f"ratio {ours / rival:.2f} (<= 2)"
    )
    return line, ours <= 2 * rival


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
    for benchmark in (in_process, command, linear):
        line, good = benchmark()
        print(line if good else f"BROKEN: {line}", flush=True)
        kept &= good
    sys.exit(not kept)


if __name__ == "__main__":
    main()
