"""Try many damaged nets, each within 10 s and 1 GB.

    python tests/benchmarks/fuzz_shapes.py COUNT [FOLDER] [--start SEED]

The nets are those of FOLDER, or the examples. Prints each seed that went wrong, and the figures.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import time
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.mutants import mutant  # noqa: E402
from tests.test_mutants import EXAMPLES, FORMATS, answer  # noqa: E402

SECONDS = 10
BYTES = 2**30
LARGEST = 60_000
"""Larger nets are left out: a mutant is to cost little."""


class TooLongError(BaseException):
    """Nothing that a command might take for an error of its own."""


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TooLongError(f"more than {SECONDS} s")


def main() -> None:
    """Run the mutants and print what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path, nargs="?", default=EXAMPLES)
    parser.add_argument("--start", type=int, default=0)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    signal.signal(signal.SIGALRM, _too_long)
    files = sorted(
        file for file in options.folder.rglob("*.prototxt*") if file.stat().st_size <= LARGEST
    )
    wrong, slowest, begun = 0, 0.0, time.perf_counter()
    for seed in range(options.start, options.start + options.count):
        file = files[seed % len(files)]
        start = time.perf_counter()
        signal.alarm(SECONDS)
        try:
            form, phase = FORMATS[seed % len(FORMATS)], ("train", "test")[seed // 2 % 2]
            data = mutant(file.read_bytes(), seed)
            why = answer(data, "--phase", phase, "--format", form, "--data-shape", "3,64,64")
        except TooLongError as error:
            why = str(error)
        signal.alarm(0)
        slowest = max(slowest, time.perf_counter() - start)
        if why:
            wrong += 1
            print(f"seed {seed} of {file.name}: {why}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{options.count} mutants of {len(files)} nets in {time.perf_counter() - begun:.0f} s: "
        f"{wrong} went wrong; the slowest took {slowest:.1f} s; the peak was {peak} MB"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
