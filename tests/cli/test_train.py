from __future__ import annotations

import os
import re
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from caffetools.check.parsed_log import parse_log
from tests.commands import run

h5py = pytest.importorskip("h5py")

NET = """\
name: "net"
layer { name: "data" type: "HDF5Data" top: "data" top: "label"
  hdf5_data_param { source: "list.txt" batch_size: 4 } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy"
  include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
SOLVER = """\
net: "net.prototxt" base_lr: 0.1 lr_policy: "step" gamma: 0.5 stepsize: 4 momentum: 0.9
max_iter: 10 display: 1 test_iter: 2 test_interval: 5 snapshot: 5 snapshot_prefix: "net"
random_seed: 1
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A solver, its net and its data, in the working directory."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 20)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["data"] = random.normal(size=(20, 3)) + 3 * np.eye(3)[labels]
        file["label"] = labels
    (tmp_path / "list.txt").write_text("data.h5\n")
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_log_is_read_back_as_it_was_trained(folder: Path) -> None:
    """Every loss, rate and test that parse-log finds is the one that training had."""
    done = run("train", "--solver", "solver.prototxt")
    assert done.status == 0, done.err
    assert done.out == ""
    (folder / "log").write_text(done.err)
    log = parse_log(folder / "log").to_dict()
    assert [row["iteration"] for row in log["train"]] == [*range(11)]
    assert [row["lr"] for row in log["train"][:10]] == [0.1] * 4 + [0.05] * 4 + [0.025] * 2
    for row in log["train"][:10]:
        assert row["outputs"]["loss"] == [row["loss"]]
    assert [(row["iteration"], row["net"]) for row in log["test"]] == [(0, 0), (5, 0), (10, 0)]
    assert all(set(row["outputs"]) == {"accuracy", "loss"} for row in log["test"])
    assert log["train"][9]["loss"] < log["train"][0]["loss"]
    assert log["solver"]["max_iter"] == 10
    kinds = [event["kind"] for event in log["events"]]
    assert "snapshot" in kinds


def test_weights_and_snapshots(folder: Path) -> None:
    assert run("train", "--solver", "solver.prototxt").status == 0
    whole = (folder / "net_iter_10.caffemodel").read_bytes()
    (folder / "net_iter_10.caffemodel").unlink()
    resumed = run("train", "--solver", "solver.prototxt", "--snapshot", "net_iter_5.solverstate")
    assert resumed.status == 0, resumed.err
    assert (folder / "net_iter_10.caffemodel").read_bytes() == whole
    tuned = run("train", "--solver", "solver.prototxt", "--weights", "net_iter_5.caffemodel")
    assert "] Finetuning from net_iter_5.caffemodel\n" in tuned.err


def test_a_dry_run_and_a_test_alone(folder: Path) -> None:
    files = set(folder.iterdir())
    done = run("train", "--solver", "solver.prototxt", "--check")
    assert (done.status, "nothing was trained or written" in done.err) == (0, True)
    done = run("train", "--solver", "solver.prototxt", "--eval-only")
    assert (done.status, done.err.count("Test net output #0: accuracy =")) == (0, 1)
    assert "Starting Optimization" not in done.err
    assert set(folder.iterdir()) == files


def test_curves_for_tensorboard(folder: Path) -> None:
    options = ("--tensorboard", "curves", "--early-stop", "1,accuracy", "--max-iter", "4")
    done = run("train", "--solver", "solver.prototxt", *options)
    assert done.status == 0, done.err
    sizes = {path.parent.name: path.stat().st_size for path in folder.glob("curves/*/*tfevents*")}
    assert sizes.keys() == {"train", "test0"}
    assert sizes["train"] > sizes["test0"]


def test_a_seed_is_logged(folder: Path) -> None:
    """The one that is given, or the one that was drawn, with which the same is drawn again."""
    done = run("train", "--solver", "solver.prototxt", "--seed", "5", "--check")
    assert "\nrandom_seed: 5\n" in done.err
    (folder / "solver.prototxt").write_text(SOLVER.replace("random_seed: 1", ""))
    drawn = run("train", "--solver", "solver.prototxt", "--check").err
    seed = re.findall(r"Random seed (\d+), use --seed to draw the same", drawn)[0]
    again = run("train", "--solver", "solver.prototxt", "--check", "--seed", seed).err
    assert re.findall(r"Check: loss = [\d.]+", drawn) == re.findall(r"Check: loss = [\d.]+", again)


def test_the_solver_names_weights(folder: Path) -> None:
    """Several, one after the other; those of the command line go before them."""
    assert run("train", "--solver", "solver.prototxt").status == 0
    named = 'weights: "net_iter_5.caffemodel, net_iter_10.caffemodel"'
    (folder / "tuned.prototxt").write_text(SOLVER.replace("snapshot: 5", "") + named)
    tuned = run("train", "--solver", "tuned.prototxt", "--max-iter", "0")
    assert tuned.status == 0, tuned.err
    files = ["net_iter_5.caffemodel", "net_iter_10.caffemodel"]
    finetuned = [line.split()[-1] for line in tuned.err.splitlines() if "Finetuning" in line]
    assert finetuned == files * 2  # of the net that trains and of the one that tests
    assert (folder / "net_iter_0.caffemodel").read_bytes() == (folder / files[1]).read_bytes()
    other = run("train", "--solver", "tuned.prototxt", "--max-iter", "0", "--weights", files[0])
    assert f"Finetuning from {files[0]}" in other.err
    assert (folder / "net_iter_0.caffemodel").read_bytes() == (folder / files[0]).read_bytes()


def test_options(folder: Path) -> None:
    done = run(
        "train", "--solver", "solver.prototxt", "--max-iter", "2", "--stage", "a,b", "--level", "1"
    )
    assert done.status == 0, done.err
    assert "Iteration 2, loss" in done.err
    assert (folder / "net_iter_2.solverstate").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (
            ("--solver", "s", "--check", "--eval-only"),
            2,
            "--check and --eval-only exclude each other",
        ),
        ((), 2, "Missing option '--solver'"),
        (
            ("--solver", "solver.prototxt", "--early-stop", "accuracy"),
            2,
            "expected a number of tests, found 'accuracy'",
        ),
        (
            ("--solver", "solver.prototxt", "--early-stop", "1,top"),
            1,
            "expected an output 'top' of the first test net, found 'accuracy', 'loss'",
        ),
        (("--solver", "gone.prototxt"), 1, "gone.prototxt: no such file"),
        (("--solver", "net.prototxt"), 1, "net.prototxt: expected a solver, found a net"),
        (
            ("--solver", "solver.prototxt", "--weights", "a", "--snapshot", "b"),
            2,
            "--snapshot and --weights exclude each other",
        ),
        (("--solver", "solver.prototxt", "--weights", "gone"), 1, "gone: no such file"),
        (
            ("--solver", "solver.prototxt", "--snapshot", "gone.solverstate"),
            1,
            "gone.solverstate: no such file",
        ),
        (("--solver", "solver.prototxt", "--gpu", "x"), 2, "--gpu: expected all or numbers"),
        (("--solver", "solver.prototxt", "--gpu", "99"), 1, "PyTorch finds "),
    ],
)
def test_mistakes(arguments: tuple[str, ...], status: int, message: str) -> None:
    done = run("train", *arguments)
    assert done.status == status
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_folder_that_cannot_be_written(folder: Path) -> None:
    (folder / "solver.prototxt").write_text(SOLVER.replace('"net"', '"gone/net"'))
    done = run("train", "--solver", "solver.prototxt")
    assert done.status == 1
    reason = "snapshots cannot be written: No such file or directory"
    message = f"gone/net: {reason}; use mkdir -p gone"
    assert f"solver.prototxt:2:67: {message}\n" in done.err
    assert "Initializing net" not in done.err


def test_data_that_is_not_there(folder: Path) -> None:
    (folder / "data.h5").unlink()
    done = run("train", "--solver", "solver.prototxt")
    assert done.status == 1
    assert "data.h5" in done.err
    assert "Traceback" not in done.err


def test_sigint_stops_with_a_snapshot(folder: Path) -> None:
    """Even where SIGINT is ignored before, as under nohup: Caffe installs its handler, too."""
    (folder / "solver.prototxt").write_text(SOLVER.replace("max_iter: 10", "max_iter: 5000"))

    def interrupt() -> None:
        while not (folder / "net_iter_5.solverstate").exists():
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        threading.Thread(target=interrupt, daemon=True).start()
        done = run("train", "--solver", "solver.prototxt")
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.status == 0, done.err
    assert "] Optimization stopped early.\n" in done.err
    states = [path.stem.rpartition("_")[2] for path in folder.glob("net_iter_*.solverstate")]
    assert f"Iteration {max(map(int, states)) - 1} (" in done.err
