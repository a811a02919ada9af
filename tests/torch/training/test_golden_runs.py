"""Back to Caffe: what a whole run leaves, field by field beside what Caffe's own run left.

One unit in the last place of the first weights moves the last ones, more with some solvers than
with others. So each run is repeated from weights that are off by that much: Caffe's may lie five
times as far from ours as that repetition's do, which is one of many, or a thousandth: more where a
ReLU or a maximum of pooling went over.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from caffetools.torch.solver.solver_file import read_solver
from caffetools.torch.solver.solver_project import project_of
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.parallel import World
from caffetools.torch.training.project import RunOptions
from caffetools.torch.training.run import prepare
from caffetools.torch.training.trainer import Trainer
from tests.protobuf_classes import protobuf_classes

pytest.importorskip("h5py")

RUNS = (
    "adadelta_fixed",
    "adagrad_fixed",
    "adam_poly",
    "legacy_solver_type",
    "nesterov_inv",
    "rmsprop_sigmoid",
    "sgd_average_loss",
    "sgd_batchnorm",
    "sgd_exp_clip",
    "sgd_fixed",
    "sgd_frozen",
    "sgd_itersize",
    "sgd_multistep_l1",
    "sgd_step",
)
LAST = "final_iter_200"
Values = NDArray[np.float64]


@pytest.fixture(params=RUNS)
def run(
    request: pytest.FixtureRequest, caffe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working directory holds the files of a run."""
    golden = caffe / "training"
    folder = tmp_path / request.param
    folder.mkdir()
    for path in (golden / request.param).iterdir():
        shutil.copyfile(path, folder / path.name)
    for path in golden.glob("*.h5"):
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(folder)


def trained(prefix: str = "final", *, off: bool = False) -> Trainer:
    """The run from Caffe's first weights; with `off` each moved by one unit in its last place."""
    project = project_of(read_solver("solver.prototxt"), ["init.caffemodel"], GlogWriter(None))
    settings = replace(project.solver, test_interval=0, snapshot_prefix=prefix)
    alone = World(torch.device("cpu"))
    trainer = prepare(replace(project, solver=settings), RunOptions(), alone, GlogWriter(None))
    if off:
        random = np.random.default_rng(0)
        with torch.no_grad():
            for blob in trainer.solver.blobs:
                ways = np.where(random.random(blob.shape) < 0.5, -np.inf, np.inf)
                blob.copy_(torch.nextafter(blob, torch.from_numpy(ways).float()))
    trainer.solve()
    return trainer


def parsed(kind: str, path: str) -> Any:
    return protobuf_classes()[kind].FromString(Path(path).read_bytes())


def taken(blobs: Any) -> list[Values]:
    """The numbers of blobs, which keep their shapes alone."""
    values = [np.array(blob.data) for blob in blobs]
    for blob in blobs:
        del blob.data[:]
    return values


def numbers(model: Any, state: Any) -> list[list[Values]]:
    """Of each layer's blobs, and of the history; the messages keep all else."""
    return [*(taken(layer.blobs) for layer in model.layer), taken(state.history)]


def distance(ours: list[Values], theirs: list[Values]) -> float:
    """Of the blobs of a layer together, in parts of their length."""
    length = np.sqrt(sum(np.square(each).sum() for each in theirs))
    apart = np.sqrt(sum(np.square(a - b).sum() for a, b in zip(ours, theirs, strict=True)))
    return float(apart / length) if length else float(apart)


@pytest.mark.usefixtures("run")
def test_the_last_snapshot_is_caffes() -> None:
    """Every field, the shape of every blob, and the numbers as far as they are determined."""
    trained()
    trained("moved", off=True)
    model, state = parsed("NetParameter", f"{LAST}.caffemodel"), f"{LAST}.solverstate"
    ours = parsed("SolverState", state)
    wanted = parsed("NetParameter", "final.caffemodel"), parsed("SolverState", "final.solverstate")
    moved = (
        parsed("NetParameter", "moved_iter_200.caffemodel"),
        parsed("SolverState", "moved_iter_200.solverstate"),
    )
    mine, caffes, others = numbers(model, ours), numbers(*wanted), numbers(*moved)
    assert model == wanted[0]
    assert ours == wanted[1]
    assert (ours.iter, ours.learned_net) == (200, f"{LAST}.caffemodel")
    for layer, each, theirs, other in zip(model.layer, mine, caffes, others, strict=False):
        allowed = max(1e-3, 5 * distance(other, each))
        assert distance(each, theirs) <= allowed, layer.name
    assert distance(mine[-1], caffes[-1]) <= max(1e-3, 5 * distance(others[-1], mine[-1]))


@pytest.mark.usefixtures("run")
def test_caffes_last_snapshot_is_resumed() -> None:
    """Its .solverstate names a net that lies beside it under Caffe's name for it."""
    shutil.copyfile("final.caffemodel", f"{LAST}.caffemodel")
    project = project_of(read_solver("solver.prototxt", max_iter=205), (), GlogWriter(None))
    settings = replace(project.solver, test_interval=0)
    options = RunOptions(snapshot="final.solverstate")
    alone = World(torch.device("cpu"))
    trainer = prepare(replace(project, solver=settings), options, alone, GlogWriter(None))
    state = parsed("SolverState", "final.solverstate")
    assert trainer.iteration == 200
    assert trainer.schedule.current_step == state.current_step
    for mine, theirs in zip(trainer.solver.histories(), state.history, strict=True):
        assert mine.flatten().tolist() == list(theirs.data)
    blobs = [
        list(blob.data)
        for layer in parsed("NetParameter", "final.caffemodel").layer
        for blob in layer.blobs
    ]
    assert [blob.detach().flatten().tolist() for blob in trainer.solver.blobs] == blobs
    trainer.solve()
    assert trainer.iteration == 205
    assert Path("final_iter_205.solverstate").exists()
