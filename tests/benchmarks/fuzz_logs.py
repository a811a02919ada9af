"""Try many damaged logs, each within 20 s.

    python tests/benchmarks/fuzz_logs.py COUNT [FOLDER] [--start SEED]

The logs are those of FOLDER, or the test's own. Prints each seed that went wrong, and the figures.
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

from tests.log.mutants import mutant  # noqa: E402
from tests.log.test_mutants import LOG, answer  # noqa: E402

SECONDS = 20
LARGEST = 300_000
"""Larger logs are left out: a mutant is to cost little."""


class TooLongError(BaseException):
    """Nothing that a command might take for an error of its own."""


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TooLongError(f"more than {SECONDS} s")


def main() -> None:
    """Run the mutants and print what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--start", type=int, default=0)
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _too_long)
    found = sorted(options.folder.rglob("*")) if options.folder else []
    texts = [
        path.read_bytes() for path in found if path.is_file() and path.stat().st_size <= LARGEST
    ]
    texts = texts or [LOG]
    wrong, slowest, begun = 0, 0.0, time.perf_counter()
    for seed in range(options.start, options.start + options.count):
        start = time.perf_counter()
        signal.alarm(SECONDS)
        try:
            why = answer(mutant(texts[seed % len(texts)], seed), seed)
        except TooLongError as error:
            why = str(error)
        signal.alarm(0)
        slowest = max(slowest, time.perf_counter() - start)
        if why:
            wrong += 1
            print(f"seed {seed}: {why}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{options.count} mutants of {len(texts)} logs in {time.perf_counter() - begun:.0f} s: "
        f"{wrong} went wrong; the slowest took {slowest:.1f} s; the peak was {peak} MB"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
