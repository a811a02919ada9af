"""Curves of `caffetools train` compared with those of Caffe's own runs.

`envelope.txt` of a run holds how far Caffe's loss moves, up to each iteration, when the first
weights move by one unit in the last place. As long as that is below 2e-3, a loss may differ by five
times as much, or by 1e-4; after that the mean of the last 50 losses may differ by 5 %.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("torch")
pytest.importorskip("h5py")

import caffetools
from caffetools.cli import main
from tests.caffe_results import cases

Row = dict[str, Any]


def run_as_caffe(folder: Path, run: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> Path:
    """Train in a copy of a run's folder; returns the log."""
    copy = folder / run.name
    shutil.copytree(run, copy)
    for path in run.parent.glob("*.h5"):
        if not (folder / path.name).exists():
            os.symlink(path, folder / path.name)
    monkeypatch.chdir(copy)
    arguments = ["train", "--solver", "solver.prototxt", "--weights", "init.caffemodel", *options]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.stderr
    log = copy / "ours.log"
    log.write_text(done.stderr)
    return log


def rows(log: Path) -> tuple[dict[int, Row], dict[int, Row]]:
    """The rows of training, and of testing, by iteration."""
    read = caffetools.parse_log(log).to_dict()
    train, test = ({row["iteration"]: row for row in read[name]} for name in ("train", "test"))
    return train, test


@pytest.mark.parametrize("name", [*cases("training"), *cases("training_2")])
def test_a_run(caffe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    ours, ours_tested = rows(run_as_caffe(tmp_path, caffe / name, monkeypatch))
    caffes, caffes_tested = rows(caffe / name / "caffe.log")
    lines = (caffe / name / "envelope.txt").read_text().splitlines()
    envelope = {int(number): float(moved) for number, moved in map(str.split, lines)}
    assert len(caffes) >= 150
    assert ours.keys() == caffes.keys()
    for number, row in caffes.items():
        if row["lr"] is not None:  # Caffe prints none with the loss after the last step
            assert ours[number]["lr"] == pytest.approx(row["lr"], rel=1e-5)
        if envelope[number] < 2e-3:
            allowed = max(1e-4, 5 * envelope[number]) * max(row["loss"], 0.05)
            assert ours[number]["loss"] == pytest.approx(row["loss"], abs=allowed), number
    last = sorted(caffes)[-50:]
    means = (sum(run[number]["loss"] for number in last) / 50 for run in (ours, caffes))
    assert next(means) == pytest.approx(next(means), rel=0.05)
    assert ours_tested.keys() == caffes_tested.keys()
    for number, row in caffes_tested.items():
        if envelope[number] < 2e-3:  # an accuracy over 160 items may differ by one of them
            for blob, values in row["outputs"].items():
                assert ours_tested[number]["outputs"][blob] == pytest.approx(values, abs=7e-3)
