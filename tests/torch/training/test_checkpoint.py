from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.checkpoint import generator_states, set_generator_states
from caffetools.torch.training.settings import SOLVER_TYPES
from tests.torch.training.cases import lines, project, trainer

FILES = ("caffemodel", "solverstate", "resume.json")


@pytest.mark.parametrize("form", ["BINARYPROTO", "HDF5"])
@pytest.mark.parametrize("kind", SOLVER_TYPES)
def test_a_resumed_run_is_the_uncut_one(tmp_path: Path, kind: str, form: str) -> None:
    """Bit for bit, with dropout, and with a batch that runs over the end of the data."""
    momentum = 0.0 if kind in ("AdaGrad", "RMSProp") else 0.9
    settings = {
        "type": kind,
        "momentum": momentum,
        "snapshot": 5,
        "snapshot_format": form,
        "average_loss": 3,
        "display": 1,
        "lr_policy": "multistep",
        "gamma": 0.5,
        "stepvalue": (3, 8),
    }
    whole, resumed = io.StringIO(), io.StringIO()
    trainer(project(tmp_path, **settings), whole).solve()
    end = ".h5" if form == "HDF5" else ""
    names = [f"small_iter_12.{file}{end}" for file in FILES[:2]] + [f"small_iter_12.{FILES[2]}"]
    expected = [(tmp_path / name).read_bytes() for name in names]
    for name in names:
        (tmp_path / name).unlink()
    state = str(tmp_path / f"small_iter_5.solverstate{end}")
    run = trainer(project(tmp_path, **settings), resumed, snapshot=state)
    assert run.iteration == 5
    run.solve()
    for name, content in zip(names, expected, strict=True):
        if form == "BINARYPROTO" or name.endswith("json"):
            assert (tmp_path / name).read_bytes() == content, name
    a, b = ([line for line in lines(each) if "iter/s" in line] for each in (whole, resumed))
    losses = [[line.rpartition(" ")[2] for line in each] for each in (a, b)]
    assert losses[0][5:] == losses[1]


def test_without_the_file_beside_it_a_run_resumes_as_caffe_would(tmp_path: Path) -> None:
    """The same weights and histories, from the first item of the data."""
    trainer(project(tmp_path, snapshot=5)).solve()
    (tmp_path / "small_iter_5.resume.json").unlink()
    run = trainer(project(tmp_path), snapshot=str(tmp_path / "small_iter_5.solverstate"))
    assert (run.iteration, run.state.positions) == (5, [0])
    assert any(history.any() for history in run.solver.histories())


def test_plateau_is_resumed(tmp_path: Path) -> None:
    settings = {"lr_policy": "plateau", "gamma": 0.1, "plateau_winsize": (3,), "snapshot": 12}
    first = trainer(project(tmp_path, **settings))
    first.solve()
    state = str(tmp_path / "small_iter_12.solverstate")
    again = trainer(project(tmp_path, **settings), snapshot=state)
    assert again.schedule.current_step == first.schedule.current_step
    assert again.schedule.minimum_loss == np.float32(first.schedule.minimum_loss)
    assert again.schedule.iter_last_event == first.schedule.iter_last_event


def test_a_snapshot_of_another_solver_is_refused(tmp_path: Path) -> None:
    trainer(project(tmp_path, snapshot=12)).solve()
    state = tmp_path / "small_iter_12.solverstate"
    with pytest.raises(CaffeToolsError) as caught:
        trainer(project(tmp_path, type="Adam"), snapshot=str(state))
    assert str(caught.value) == f"{state}: expected a history of 4 blobs, found 2"


def test_other_processes_begin_with_random_states_of_their_own(tmp_path: Path) -> None:
    trainer(project(tmp_path, snapshot=12)).solve()
    beside = tmp_path / "small_iter_12.resume.json"
    beside.write_text(beside.read_text().replace('"generators": [', '"generators": [{}, '))
    stream = io.StringIO()
    trainer(project(tmp_path), stream, snapshot=str(tmp_path / "small_iter_12.solverstate"))
    assert "found random states of 2 processes: they are not restored" in lines(stream)


def test_random_states() -> None:
    device = torch.device("cpu")
    states = generator_states(device)
    first = torch.rand(3)
    set_generator_states(device, states)
    assert torch.equal(torch.rand(3), first)
    with pytest.raises(CaffeToolsError, match=r"the \.resume.json of the snapshot is damaged"):
        set_generator_states(device, {"cpu": "AAAA"})
