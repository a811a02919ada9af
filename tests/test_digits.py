"""examples/lenet, from the sheet of digits to a net that reads them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

for library in ("torch", "PIL", "lmdb"):
    pytest.importorskip(library)

LENET = Path(__file__).parents[1] / "examples" / "lenet"
SIZE = ("--gray", "--resize-height", "28", "--resize-width", "28")


def run(folder: Path, *arguments: str) -> str:
    """What a program of this Python says on standard error."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_the_digits_are_learned(tmp_path: Path) -> None:
    """A sixth of the example's 600 iterations is enough to see it learn."""
    folder = tmp_path / "lenet"
    shutil.copytree(LENET, folder)
    run(folder, "digits.py")
    counts = [len(list((folder / "digits" / part).rglob("*.png"))) for part in ("train", "test")]
    assert counts == [10 * (4 * 43 - 40), 10 * 40]
    for part in ("train", "test"):
        source = ("data", "convert", f"digits/{part}", "-o", f"{part}_lmdb", "--shuffle")
        run(folder, "-m", "caffetools", *source, *SIZE)
    options = ("--solver", "digits_solver.prototxt", "--max-iter", "101")
    log = run(folder, "-m", "caffetools", "train", *options)
    accuracies = [float(found) for found in re.findall(r"accuracy = ([\d.]+)", log)]
    assert accuracies[0] < 0.3
    assert accuracies[-1] > 0.8
