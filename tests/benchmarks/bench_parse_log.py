"""What `caffetools parse-log` promises of its speed and memory.

    python tests/benchmarks/bench_parse_log.py RIVAL [LOG] [--large]

RIVAL is Caffe's tools/extra/parse_log.py, with extract_seconds.py beside it: it is made to run on
Python 3 when it is loaded. LOG is repeated until it has 42 MB; without it, a log of our own making.
--large also reads 1 GB, for the memory and the time of a megabyte. Prints a line for each promise
and ends with status 1 if one is broken. Not part of the test suite.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from caffetools.log.curve_data import csv_text
from caffetools.log.parser import read_log

ROUNDS = 3
SIZE = 42_000_000
LARGE = 1_000_000_000
MOST_MEMORY = 300
"""Megabytes, of a log of 1 GB."""

READ = """\
import resource, sys
from caffetools.log.parser import read_log
read_log(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def seconds(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The shortest of several runs: what the machine's other work adds is left out."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def rival(path: Path) -> ModuleType:
    """Caffe's own parser, with its print statement in the form of Python 3.

    An empty line, which it would stumble over, it skips as other lines that have no prefix.
    """
    sys.path.insert(0, str(path.parent))
    text = re.sub(r"\bprint ('.*)", r"print(\1)", path.read_text("utf-8"))
    text = text.replace("except ValueError:", "except (ValueError, IndexError):")
    module = ModuleType("rival")
    exec(compile(text, str(path), "exec"), vars(module))
    return module


def own_log() -> str:
    """A run of 10,000 iterations, displayed every 20, with a test every 500."""

    def told() -> Iterator[str]:
        yield "solver.cpp:279] Solving LeNet"
        for i in range(0, 10_000, 20):
            if i % 500 == 0:
                yield f"solver.cpp:337] Iteration {i}, Testing net (#0)"
                yield f"solver.cpp:404]     Test net output #0: accuracy = 0.{i:06}"
                yield f"solver.cpp:404]     Test net output #1: loss = 1.{i} (* 1 = 1.{i} loss)"
            yield f"solver.cpp:228] Iteration {i}, loss = 2.{i:06}"
            yield f"solver.cpp:244]     Train net output #0: loss = 2.{i} (* 1 = 2.{i} loss)"
            yield f"sgd_solver.cpp:106] Iteration {i}, lr = 0.01"

    return "".join(
        f"I0721 10:{i // 60 % 60:02}:{i % 60:02}.326920  4692 {line}\n"
        for i, line in enumerate(told())
    )


def repeated(text: str, size: int, path: Path) -> None:
    """Write a text again and again until the file has `size` bytes."""
    data = text.encode("utf-8")
    with path.open("wb") as file:
        for _ in range(-(-size // len(data))):
            file.write(data)


def rounds(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """The best seconds of each, taken in turns."""
    both = [(seconds(ours), seconds(theirs, 1)) for _ in range(ROUNDS)]
    return min(mine for mine, _ in both), min(other for _, other in both)


def speed(log: Path, caffes: ModuleType) -> tuple[str, bool]:
    """Reading all that the log tells, against Caffe's parser's reading of its outputs."""
    size = log.stat().st_size / 1e6
    ours, theirs = rounds(lambda: read_log(log), lambda: caffes.parse_log(str(log)))
    line = (
        f"read a log of {size:.0f} MB: {ours:.2f} s; Caffe's parse_log.py: {theirs:.2f} s; "
        f"{theirs / ours:.1f} times as fast (>= 10)"
    )
    return line, theirs >= 10 * ours


def csv_speed(log: Path, folder: Path, caffes: ModuleType) -> tuple[str, bool]:
    """From the log to CSV of training and tests, which has the times as well."""

    def write() -> None:
        contents = read_log(log)
        for name, curve in (("train", contents.train), *contents.tests.items()):
            Path(folder, f"{name}.csv").write_text("".join(csv_text(curve)), "utf-8")

    def write_theirs() -> None:
        caffes.save_csv_files(str(log), str(folder), *caffes.parse_log(str(log)))

    ours, theirs = rounds(write, write_theirs)
    line = (
        f"the same written as CSV: {ours:.2f} s; Caffe's parse_log.py: {theirs:.2f} s; "
        f"{theirs / ours:.1f} times as fast (>= 2)"
    )
    return line, theirs >= 2 * ours


def large(text: str, folder: Path, small: Path) -> tuple[str, bool]:
    """1 GB: memory, and the time of a megabyte beside that of 42 MB."""
    path = folder / "large.log"
    repeated(text, LARGE, path)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], check=True, capture_output=True, text=True
    )
    each = (time.perf_counter() - start) / (path.stat().st_size / 1e6)
    before = seconds(lambda: read_log(small)) / (small.stat().st_size / 1e6)
    memory = int(done.stdout)
    line = (
        f"read 1 GB: {memory} MB at most (< {MOST_MEMORY}); milliseconds a megabyte at 42 MB and "
        f"1 GB: {before * 1e3:.1f}, {each * 1e3:.1f} (< 1.5 times)"
    )
    return line, memory < MOST_MEMORY and each < 1.5 * before


def main() -> None:
    """Run all; status 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rival", type=Path)
    parser.add_argument("log", type=Path, nargs="?")
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    text = options.log.read_text("utf-8", "replace") if options.log else own_log()
    kept, caffes = True, rival(options.rival)
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small.log")
        repeated(text, SIZE, small)
        benchmarks: list[Callable[[], tuple[str, bool]]] = [
            lambda: speed(small, caffes),
            lambda: csv_speed(small, Path(folder), caffes),
        ]
        if options.large:
            benchmarks.append(lambda: large(text, Path(folder), small))
        for benchmark in benchmarks:
            line, good = benchmark()
            print(line if good else f"BROKEN: {line}", flush=True)
            kept &= good
    sys.exit(not kept)


if __name__ == "__main__":
    main()
