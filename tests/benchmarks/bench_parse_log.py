"""What `caffetools parse-log` promises of its speed and memory.

    python tests/benchmarks/bench_parse_log.py RIVAL [LOG] [--large]

RIVAL is Caffe's tools/extra/parse_log.py, in one folder with extract_seconds.py; a copy is made to
run on Python 3. LOG is repeated until it has 42 MB; without it, a log of our own making.
--large also reads 1 GB, for the memory and the time of a megabyte. Prints a line for each promise
and ends with status 1 if one is broken. Not part of the test suite.
"""

from __future__ import annotations

import argparse
import itertools
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import caffetools
from caffetools.log.parser import read_log
from caffetools.net.caffe_log import caffe_log_lines

ROUNDS = 5
NET = Path(__file__).parents[2] / "examples" / "caffenet" / "train_val.prototxt"
CSV_LEAST, TABLE_LEAST = 4, 6
"""How many times as fast as Caffe's parse_log.py each form is at least."""
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


def rival(path: Path, folder: Path) -> Path:
    """Write Caffe's own parser in the form of Python 3, with extract_seconds.py, to a folder.

    It skips an empty line, at which it would stop, like other lines without a prefix.
    """
    text = re.sub(r"\bprint ('.*)", r"print(\1)", path.read_text("utf-8"))
    text = text.replace("except ValueError:", "except (ValueError, IndexError):")
    (folder / "extract_seconds.py").write_bytes(path.with_name("extract_seconds.py").read_bytes())
    (folder / "rival.py").write_text(text, "utf-8")
    return folder / "rival.py"


def own_log() -> str:
    """A run of CaffeNet of SIZE bytes: its net, then a display every 20 iterations."""
    random = Random(1)

    def messages() -> Iterator[str]:
        yield "solver.cpp:279] Solving CaffeNet"
        for i in itertools.count(0, 20):
            loss, accuracy = (f"{random.random() * 7:.6g}" for _ in range(2))
            if i % 1000 == 0:
                yield f"solver.cpp:337] Iteration {i}, Testing net (#0)"
                yield f"solver.cpp:404]     Test net output #0: accuracy = {accuracy}"
                yield f"solver.cpp:404]     Test net output #1: loss = {loss} (* 1 = {loss} loss)"
            yield f"solver.cpp:228] Iteration {i}, loss = {loss}"
            yield f"solver.cpp:244]     Train net output #0: loss = {loss} (* 1 = {loss} loss)"
            yield f"sgd_solver.cpp:106] Iteration {i}, lr = 0.01"

    net = caffetools.load(str(NET), phase="train").inferred
    lines = [f"{line}\n" for line in caffe_log_lines(net)]
    size = sum(map(len, lines))
    for i, message in enumerate(messages()):
        clock = f"{i // 36_000 % 24:02}:{i // 600 % 60:02}:{i // 10 % 60:02}"
        lines.append(f"I0721 {clock}.{i % 10 * 99_999:06}  4692 {message}\n")
        size += len(lines[-1])
        if size > SIZE:
            break
    return "".join(lines)


def repeated(text: str, size: int, path: Path) -> None:
    """Write a text again and again until the file has `size` bytes."""
    data = text.encode("utf-8")
    with path.open("wb") as file:
        for _ in range(-(-size // len(data))):
            file.write(data)


def cpu_seconds(command: list[str]) -> float:
    """Return the user and system time of a process, which other work hardly changes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def process_speed(log: Path, rival: Path, folder: Path, form: str, least: int) -> tuple[str, bool]:
    """Compare the whole process of parse-log with Caffe's, which writes CSV; best of ROUNDS."""
    main = "import sys; from caffetools.cli import main; sys.exit(main())"
    ours = [sys.executable, "-c", main, "parse-log", str(log), "--format", form]
    theirs = [sys.executable, str(rival), str(log), str(folder)]
    both = [(cpu_seconds(ours), cpu_seconds(theirs)) for _ in range(ROUNDS)]
    own, other = map(min, zip(*both, strict=True))
    line = (
        f"parse-log --format {form}, whole process: {own:.2f} s of CPU time; Caffe's parse_log.py: "
        f"{other:.2f} s; {other / own:.1f} times as fast (>= {least})"
    )
    return line, other >= least * own


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
    kept = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, caffes = folder / "small.log", rival(options.rival, folder)
        repeated(text, SIZE, small)
        benchmarks: list[Callable[[], tuple[str, bool]]] = [
            lambda: process_speed(small, caffes, folder, "csv", CSV_LEAST),
            lambda: process_speed(small, caffes, folder, "table", TABLE_LEAST),
        ]
        if options.large:
            benchmarks.append(lambda: large(text, folder, small))
        for benchmark in benchmarks:
            line, good = benchmark()
            print(line if good else f"BROKEN: {line}", flush=True)
            kept &= good
    sys.exit(not kept)


if __name__ == "__main__":
    main()
