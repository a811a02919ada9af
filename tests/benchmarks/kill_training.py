"""Kill a training run at random moments, resume it, and compare its weights with an uncut run's.

    python tests/benchmarks/kill_training.py FOLDER [--solver FILE] [--kills N] [--workers N]

FOLDER is a copy of examples/lenet or examples/ssd with its databases made. A run is killed and
resumed until it ends; then the next one starts, until all kills are done. With workers every other
kill is of a worker: then the run itself must end, with a message. Prints what is wrong: other
weights, a run that hangs, processes and shared memory that remain; then the figures.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

PATIENCE = 120
"""Seconds after which a run whose worker was killed counts as hanging."""


class Run:
    """A training run of caffetools, the leader of a process group of its own."""

    def __init__(self, folder: Path, options: list[str]) -> None:
        self.log = folder / "train.log"
        command = [
            sys.executable,
            "-m",
            "caffetools",
            "train",
            "--solver",
            "solver_of_test.prototxt",
        ]
        with self.log.open("wb") as stream:
            self.process = subprocess.Popen(
                [*command, *options], cwd=folder, stderr=stream, start_new_session=True
            )

    def workers(self) -> list[int]:
        """The processes that it has started."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        with contextlib.suppress(OSError):
            return [int(each) for each in path.read_text().split()]
        return []

    def remains(self) -> bool:
        """Whether some process of it is there ten seconds after its end."""
        for _ in range(100):
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return False
            time.sleep(0.1)
        return True


def prepare(source: Path, folder: Path, given: argparse.Namespace) -> str:
    """Make a folder to train in, with snapshots that come often; return their prefix."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*_iter_*", "shapes", "digits"))
    text = (source / given.solver).read_text()
    intervals = {"max_iter": given.steps, "snapshot": given.every, "test_interval": 3 * given.every}
    for name, value in intervals.items():
        text, count = re.subn(rf"(?m)^{name}: \d+$", f"{name}: {value}", text)
        assert count == 1, name
    (folder / "solver_of_test.prototxt").write_text(text)
    return str(text.split('snapshot_prefix: "')[1].partition('"')[0])


def latest(folder: Path, prefix: str) -> list[str]:
    """The options that resume from the last snapshot, if any."""
    states = folder.glob(f"{prefix}_iter_*.solverstate")
    newest = max(states, key=lambda path: int(path.stem.rsplit("_", 1)[1]), default=None)
    return [] if newest is None else ["--snapshot", newest.name]


def left_in_memory() -> list[str]:
    """Segments of shared memory whose process has ended."""
    found = re.findall(r"^torch_(\d+)_.*$", "\n".join(os.listdir("/dev/shm")), re.MULTILINE)
    return [each for each in found if not os.path.exists(f"/proc/{each}")]


def kill(run: Run, victim: str, found: Counter[str]) -> str:
    """Kill a run or a worker of it; return what is wrong then."""
    workers = run.workers() if victim == "worker" else []
    if not workers:
        run.process.kill()
        run.process.wait()
        found["killed"] += 1
        return "its workers remain" if run.remains() else ""
    os.kill(workers[-1], signal.SIGKILL)
    found["killed worker"] += 1
    try:
        status = run.process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(run.process.pid, signal.SIGKILL)
        return "it hangs after a worker was killed"
    text = run.log.read_text()
    if status == 0:  # it had just read its last batch
        return ""
    if status != 1 or not all(each in text for each in ("cannot be read ahead", "resume from it")):
        return f"status {status} and {text[-300:]!r} after a worker was killed"
    return "a worker remains" if run.remains() else ""


def killed(
    given: argparse.Namespace, folder: Path, found: Counter[str], times: tuple[float, float]
) -> Run:
    """Train up to the end, killed at random moments `times` (start, whole) apart, and resumed."""
    chance = random.Random(found["ended"])
    options = ["--workers", str(given.workers)]
    prefix = prepare(folder.parent / "source", folder, given)
    run = Run(folder, options)
    while found["kills"] < given.kills:
        try:
            run.process.wait(times[0] + chance.expovariate(4 / (times[1] - times[0])))
            break
        except subprocess.TimeoutExpired:
            victim = "worker" if given.workers and chance.random() < 0.5 else "run"
        what = kill(run, victim, found)
        found["kills"] += 1
        if what or left_in_memory():
            found["wrong"] += 1
            print(f"{victim} killed: {what}; in memory: {left_in_memory()}", flush=True)
        more = latest(folder, prefix)
        found["resumed"] += bool(more)
        run = Run(folder, options + more)
    run.process.wait()
    found["ended"] += 1
    return run


def main() -> None:
    """Run, kill, resume and compare; status 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--solver", default="digits_solver.prototxt")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--every", type=int, default=10)
    given = parser.parse_args()
    found = Counter[str]()
    with tempfile.TemporaryDirectory() as temporary:
        (Path(temporary) / "source").symlink_to(given.folder.resolve())
        alone = Path(temporary, "alone")
        last = f"{prepare(given.folder, alone, given)}_iter_{given.steps}.caffemodel"
        start = time.perf_counter()
        uncut = Run(alone, ["--workers", str(given.workers)])
        while "Starting Optimization" not in uncut.log.read_text():
            time.sleep(0.05)
        begun = time.perf_counter() - start
        assert uncut.process.wait() == 0
        times = begun, time.perf_counter() - start
        while found["kills"] < given.kills:
            folder = Path(temporary, "killed")
            run = killed(given, folder, found, times)
            if run.process.poll() or (folder / last).read_bytes() != (alone / last).read_bytes():
                found["wrong"] += 1
                print(f"other weights, or none: {run.log.read_text()[-500:]}", flush=True)
            shutil.rmtree(folder)
    print(
        f"{found['killed']} runs and {found['killed worker']} workers killed, {found['resumed']} "
        f"resumed from a snapshot; {found['ended']} runs ended; wrong: {found['wrong']}"
    )
    sys.exit(bool(found["wrong"]))


if __name__ == "__main__":
    main()
