from __future__ import annotations

import errno
import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob
from caffetools.formats.solverstate import SolverState
from caffetools.torch.training import snapshots
from caffetools.torch.training.settings import SolverSettings
from caffetools.torch.training.snapshots import Resume, SnapshotPaths
from tests.torch.training.cases import TEMPLATE

BLOB = Blob((2,), np.array([1, 2], np.float32))
RESUME = Resume(7, [40], [[10]], [0.5], 0.5, 3, [{"cpu": "AA=="}])


def settings(folder: Path, **changes: Any) -> SolverSettings:
    return SolverSettings(snapshot_prefix=str(folder / "net"), **changes)


def save(paths: SnapshotPaths) -> None:
    paths.save(TEMPLATE, {"ip": [BLOB]}, SolverState(3, paths.model, [BLOB]), RESUME)


def saved(given: SolverSettings) -> str:
    """A snapshot of iteration 3; returns the path of its state."""
    paths = SnapshotPaths(given, 3)
    save(paths)
    return paths.state


def damaged(field: str, value: object) -> bytes:
    """A .resume.json with another value of one field."""
    return json.dumps({**asdict(RESUME), field: value}).encode()


@pytest.mark.parametrize("form", ["BINARYPROTO", "HDF5"])
def test_all_files_are_read_back(tmp_path: Path, form: str) -> None:
    found = snapshots.read(saved(settings(tmp_path, snapshot_format=form)))
    assert found.resume == RESUME
    assert found.state.iteration == 3
    assert found.layers is not None
    (blob,) = found.layers["ip"]
    assert blob is not None
    assert blob.values.tolist() == [1, 2]


def test_the_net_is_sought_beside_the_state(tmp_path: Path) -> None:
    state = saved(settings(tmp_path))
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in tmp_path.glob("net_*"):
        path.rename(moved / path.name)
    assert snapshots.read(str(moved / os.path.basename(state))).layers is not None


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_full_disk_leaves_the_older_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """Whichever of the three files cannot be written."""
    state = saved(settings(tmp_path))
    older = {path: path.read_bytes() for path in tmp_path.iterdir()}
    count = iter(range(3))

    def full(*_: Any) -> None:
        if next(count) == failing:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("caffetools.writing._copy_permissions", full)
    with pytest.raises(CaffeToolsError, match="cannot be written: No space left"):
        save(SnapshotPaths(settings(tmp_path), 3))
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == older
    assert snapshots.read(state).state.iteration == 3


def test_an_old_state_goes_before_the_new_weights_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No state remains beside the weights of another run, whenever the process is killed."""
    state = saved(settings(tmp_path))

    def killed(_source: str, target: str) -> None:
        assert target.endswith(".caffemodel")
        assert not os.path.exists(state)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save(SnapshotPaths(settings(tmp_path), 3))
    assert os.path.exists(tmp_path / "net_iter_3.caffemodel")


@pytest.mark.parametrize(
    ("broken", "content", "message"),
    [
        ("solverstate", None, "no such file"),
        ("solverstate", b"\xff\xff", "this is not a .solverstate, or it is cut off"),
        ("caffemodel", None, "no such file"),
        ("caffemodel", b"\xff\xff", "this is not a .caffemodel, or it is cut off"),
        ("resume.json", b"{", "remove it to resume from the start of the data"),
        ("resume.json", b'{"seed": 1}', "remove it to resume from the start of the data"),
        ("resume.json", b"[" * 100_000, "remove it to resume from the start of the data"),
        ("resume.json", damaged("seed", -1), "seed has another type or a number out of range"),
        ("resume.json", damaged("seed", True), "seed has another type"),
        ("resume.json", damaged("positions", [1e300]), "positions has another type"),
        ("resume.json", damaged("positions", [-5]), "positions has another type"),
        ("resume.json", damaged("positions", 7), "positions has another type"),
        ("resume.json", damaged("test_positions", [3]), "test_positions has another type"),
        ("resume.json", damaged("losses", ["a"]), "losses has another type"),
        ("resume.json", damaged("smoothed_loss", None), "smoothed_loss has another type"),
        ("resume.json", damaged("loss_count", 1 << 63), "loss_count has another type"),
        ("resume.json", damaged("generators", ["cpu"]), "generators has another type"),
        ("resume.json", damaged("generators", [{"cpu": 1}]), "generators has another type"),
    ],
)
def test_damaged_snapshots(
    tmp_path: Path, broken: str, content: bytes | None, message: str
) -> None:
    state = saved(settings(tmp_path))
    path = tmp_path / f"net_iter_3.{broken}"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CaffeToolsError) as caught:
        snapshots.read(state)
    assert message in caught.value.message
    assert str(caught.value).startswith(f"{path}: ")


def test_a_folder_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    given = settings(tmp_path)
    snapshots.check_writable(given)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CaffeToolsError, match="snapshots cannot be written: No such file"):
        snapshots.check_writable(replace(given, snapshot_prefix=str(tmp_path / "gone" / "net")))
