"""Kill a training run at many moments, resume it, and compare its weights with an uncut run's.

    python tests/benchmarks/kill_training.py COUNT FOLDER

FOLDER is a copy of examples/lenet with its databases made. Prints what differed, and the figures.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS, EVERY = 60, 10
FINAL = f"lenet_digits_iter_{STEPS}"


def train(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    """A training run in a process of its own."""
    command = ["-m", "caffetools", "train", "--solver", "solver_of_test.prototxt", *options]
    return subprocess.Popen([sys.executable, *command], cwd=folder, stderr=subprocess.DEVNULL)


def prepare(source: Path, folder: Path) -> None:
    """A folder to train in, with snapshots that come often."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("lenet_digits_iter_*"))
    text = (source / "digits_solver.prototxt").read_text()
    for old, new in (
        ("max_iter: 600", f"max_iter: {STEPS}"),
        ("snapshot: 300", f"snapshot: {EVERY}"),
        ("test_interval: 100", f"test_interval: {STEPS}"),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "solver_of_test.prototxt").write_text(text)


def latest(folder: Path) -> list[str]:
    """The options that go on from the last snapshot; none where there is no snapshot yet."""
    states = folder.glob("lenet_digits_iter_*.solverstate")
    newest = max(states, key=lambda path: int(path.stem.rsplit("_", 1)[1]), default=None)
    return [] if newest is None else ["--snapshot", newest.name]


def main() -> None:
    """Run, kill, resume and compare; status 1 if a resumed run ends with other weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    chance = random.Random(1)
    wrong = resumed = 0
    with tempfile.TemporaryDirectory() as temporary:
        alone = Path(temporary, "alone")
        prepare(options.folder, alone)
        start = time.perf_counter()
        assert train(alone).wait() == 0
        whole = time.perf_counter() - start
        expected = (alone / f"{FINAL}.caffemodel").read_bytes()
        for number in range(options.count):
            folder = Path(temporary, f"killed{number}")
            prepare(options.folder, folder)
            run = train(folder)
            time.sleep(chance.uniform(0.3, 1.0) * whole)
            run.kill()
            run.wait()
            more = latest(folder)
            resumed += bool(more)
            assert train(folder, *more).wait() == 0
            if (folder / f"{FINAL}.caffemodel").read_bytes() != expected:
                wrong += 1
                print(f"run {number}, resumed with {more}: other weights", flush=True)
            shutil.rmtree(folder)
    print(
        f"{options.count} runs killed, {resumed} of them resumed from a snapshot: "
        f"{wrong} ended with other weights than the run left alone"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
