from __future__ import annotations

import errno
import io
import multiprocessing
import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from caffetools.errors import CaffeToolsError, Location
from caffetools.torch.training.data.sources import ArraySource
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.project import RunOptions
from caffetools.torch.training.run import run
from tests.torch.training.cases import arrays, lines, project, trainer, with_source


def test_run(tmp_path: Path) -> None:
    stream = io.StringIO()
    run(project(tmp_path), RunOptions(), GlogWriter(stream))
    found = lines(stream)
    assert (found[0], found[-1]) == ("Starting Optimization", "Optimization Done.")


def test_a_seed_makes_a_run_what_it_is(tmp_path: Path) -> None:
    weights = []
    for seed in (3, 3, 4):
        made = trainer(project(tmp_path, random_seed=seed, max_iter=3, test_interval=0))
        made.solve()
        weights.append(made.solver.blobs[0].detach())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_without_a_seed_one_is_drawn(tmp_path: Path) -> None:
    assert len({trainer(project(tmp_path, random_seed=-1)).state.seed for _ in range(3)}) > 1


def test_settings_are_checked(tmp_path: Path) -> None:
    with pytest.raises(CaffeToolsError, match="expected average_loss of at least 1"):
        run(project(tmp_path, average_loss=0), RunOptions(), GlogWriter(None))


def test_inputs_are_fed(tmp_path: Path) -> None:
    made = with_source(project(tmp_path, test_interval=0), ArraySource(("data", "label"), 4))
    with pytest.raises(CaffeToolsError, match="expected an array for each of 'data', 'label'"):
        trainer(made)
    feeds = dict(zip(("data", "label"), arrays(20), strict=True))
    fed = trainer(made, feeds=feeds)
    assert fed.readers[0].first().tensors["data"].shape == (4, 1, 2, 3)


def test_one_module_may_train_and_test(tmp_path: Path) -> None:
    """As an exported one does that serves both phases."""
    made = project(tmp_path)
    both = replace(made.tests[0], build=made.net.build)
    run_of_both = trainer(replace(made, tests=(both,)))
    assert run_of_both.tests[0].module is run_of_both.module
    run_of_both.solve()
    assert run_of_both.module.training


@pytest.mark.parametrize(
    ("amp", "dtype"), [(None, torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_amp(tmp_path: Path, amp: str | None, dtype: torch.dtype) -> None:
    made = trainer(project(tmp_path, max_iter=1), amp=amp)
    seen = []
    ip = made.module.ip
    assert isinstance(ip, torch.nn.Module)
    ip.register_forward_hook(lambda _m, _i, result: seen.append(result.dtype))
    made.solve()
    assert seen[0] == dtype
    assert made.solver.blobs[0].dtype == torch.float32


def test_an_overflow_leaves_out_a_step(tmp_path: Path) -> None:
    """The scale is halved, the log says so, and a snapshot keeps the scale."""
    stream = io.StringIO()
    given = project(tmp_path, max_iter=3, test_interval=0, snapshot=2)
    made = trainer(given, stream, amp="fp16")
    assert made.state.scale is not None
    made.state.scale.factor = 2.0**127  # the loss of some items times this exceeds a float
    made.state.scale.steps = 7
    before = [blob.detach().clone() for blob in made.solver.blobs]
    made.train_to(1)
    assert all(map(torch.equal, before, made.solver.blobs))
    text = "Iteration 0: a gradient overflows, the weights stay as they are; the loss scale is now"
    assert f"{text} {2.0**126:g}" in lines(stream)
    made.state.scale.factor = 1024.0
    made.train_to(2)
    assert not torch.equal(before[0], made.solver.blobs[0])
    resumed = trainer(given, amp="fp16", snapshot=str(tmp_path / "small_iter_2.solverstate"))
    assert resumed.state.scale is not None
    assert (resumed.state.scale.factor, resumed.state.scale.steps) == (1024, 1)


def test_a_log_that_fails_is_an_error_once_all_is_done(tmp_path: Path) -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(CaffeToolsError, match="of the log could not be written: No space left"):
        run(project(tmp_path), RunOptions(), GlogWriter(Full()))
    assert (tmp_path / "small_iter_12.solverstate").exists()


def test_an_error_of_a_source_stands_where_the_prototxt_names_it(tmp_path: Path) -> None:
    made = with_source(project(tmp_path), ArraySource(("data", "label"), 4))
    place = Location("net.prototxt", 3, 5)
    placed = replace(made.net, origins=(lambda error: error.at(place),))
    with pytest.raises(CaffeToolsError, match="expected an array") as caught:
        trainer(replace(made, net=placed))
    assert caught.value.location == place


@pytest.mark.parametrize("snapshots", [{"snapshot": 5}, {"snapshot_after_train": True}])
def test_a_folder_for_snapshots_that_is_not_there(
    tmp_path: Path, snapshots: dict[str, object]
) -> None:
    made = project(tmp_path, snapshot_prefix=str(tmp_path / "gone" / "net"), **snapshots)
    with pytest.raises(CaffeToolsError, match="snapshots cannot be written: No such file"):
        trainer(made)
    nothing = {"snapshot": 0, "snapshot_after_train": False}
    settings = replace(made.solver, **nothing)  # type: ignore[arg-type]
    assert trainer(replace(made, solver=settings)).iteration == 0


class Workers(ArraySource):
    """Arrays that worker processes read."""

    workers = 2


def kill_worker(delay: float) -> None:
    while not multiprocessing.active_children():
        time.sleep(0.001)
    time.sleep(delay)
    multiprocessing.active_children()[0].kill()


@pytest.mark.parametrize("delay", [0, 0.3])
def test_a_worker_that_is_killed_ends_the_run_with_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    delay: float,
) -> None:
    """At once, or between batches; a worker that dies while it sends one resets a connection.

    DataLoader asks every five seconds whether its workers are alive, here more often.
    """
    waits = _MultiProcessingDataLoaderIter._try_get_data
    monkeypatch.setattr(waits, "__defaults__", (0.2,))
    made = project(tmp_path, max_iter=10**6, test_interval=0, display=0)
    made = with_source(made, Workers(("data", "label"), 4, arrays(20)))
    killer = threading.Thread(target=kill_worker, args=(delay,))
    killer.start()
    with pytest.raises(CaffeToolsError) as caught:
        run(made, RunOptions(workers=2), GlogWriter(None))
    killer.join()
    message = r"the data cannot be read ahead: (a )?DataLoader worker .*; if memory ran out, use .*"
    assert re.fullmatch(message, str(caught.value))
    assert capfd.readouterr() == ("", "")
