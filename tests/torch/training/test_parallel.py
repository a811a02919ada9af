from __future__ import annotations

import gc
import io
import multiprocessing
import os
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.multiprocessing.spawn import start_processes

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.sources import ArraySource
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.parallel import World
from caffetools.torch.training.project import RunOptions
from caffetools.torch.training.run import prepare, run
from caffetools.torch.training.settings import SOLVER_TYPES
from tests.torch.training.cases import SmallTest, arrays, lines, project, with_source


def settings(kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "momentum": 0.0 if kind in ("AdaGrad", "RMSProp") else 0.9,
        "weight_decay": 0.01,
        "clip_gradients": 1.0,
        "iter_size": 2,
        "display": 1,
        "max_iter": 4,
        "test_interval": 2,
        "snapshot": 2,
    }


def made(folder: Path, kind: str, batch: int) -> Any:
    """Without dropout, of which two processes draw otherwise than one."""
    given = project(folder, **settings(kind))
    given = with_source(given, ArraySource(("data", "label"), batch, arrays(60)))
    return replace(given, net=replace(given.net, build=Plain))


class Plain(SmallTest):
    """Small without dropout; trains with the outputs of a test."""


def one_of_two(rank: int, folder: str, ports: list[int]) -> None:
    os.environ.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1")
    torch.set_num_threads(1)
    gc.freeze()  # what is imported, which each run would search when it ends
    for kind, port in zip(SOLVER_TYPES, ports, strict=True):
        os.environ["MASTER_PORT"] = str(port)
        place = Path(folder) / kind
        stream = io.StringIO()
        run(made(place, kind, 3), RunOptions(), GlogWriter(stream))
        (place / f"log{rank}").write_text(stream.getvalue())


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def losses(log: io.StringIO) -> list[float]:
    return [float(line.rpartition(" ")[2]) for line in lines(log) if "iter/s" in line]


def test_two_processes_are_one_with_twice_the_batch(tmp_path: Path) -> None:
    """For every solver: losses, weights, and a log and snapshots of the first alone."""
    for kind in SOLVER_TYPES:
        (tmp_path / kind).mkdir()
    arguments = (str(tmp_path), free_ports(len(SOLVER_TYPES)))
    multiprocessing.set_forkserver_preload(["torch._dynamo"])  # once for both
    both = start_processes(  # type: ignore[no-untyped-call]
        one_of_two, arguments, nprocs=2, join=False, start_method="forkserver"
    )
    deadline = time.monotonic() + 100
    while not both.join(timeout=5):
        assert time.monotonic() < deadline, "the processes wait for each other"
    for kind in SOLVER_TYPES:
        stream = io.StringIO()
        folder = tmp_path / "alone" / kind
        folder.mkdir(parents=True)
        run(made(folder, kind, 6), RunOptions(), GlogWriter(stream))
        two = io.StringIO((tmp_path / kind / "log0").read_text())
        assert losses(two) == pytest.approx(losses(stream), rel=2e-5), kind
        assert (tmp_path / kind / "log1").read_text() == ""
        states = sorted(path.name for path in (tmp_path / kind).glob("*.solverstate"))
        assert states == ["small_iter_2.solverstate", "small_iter_4.solverstate"]


def test_alone_there_is_nothing_to_agree_on() -> None:
    world = World(torch.device("cpu"))
    module = torch.nn.Linear(1, 1)
    assert world.wrapped(module, has_unused=False) is module
    assert world.mean(torch.tensor(2.0)) == 2
    assert world.most(1) == 1
    assert world.gather("a") == ["a"]
    assert world.first(lambda: 3) == 3
    assert world.is_first
    world.leave()


def test_join_without_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert World.join("cpu") == World(torch.device("cpu"), 0, 1)


@pytest.mark.parametrize(
    ("device", "rank", "message"),
    [
        ("foo", "0", "expected cpu, cuda or cuda:N for a device, found 'foo'"),
        ("cuda:x", "0", "expected cpu, cuda or cuda:N for a device, found 'cuda:x'"),
        ("cuda:", "0", "expected cpu, cuda or cuda:N for a device, found 'cuda:'"),
        ("cuda", "1", "PyTorch finds 1 GPUs, asked for was cuda:1"),
        ("cuda:7", "0", "PyTorch finds 1 GPUs, asked for was cuda:7"),
    ],
)
def test_devices_that_are_not_there(
    monkeypatch: pytest.MonkeyPatch, device: str, rank: str, message: str
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_device", lambda _: None)
    monkeypatch.setenv("LOCAL_RANK", rank)
    with pytest.raises(CaffeToolsError) as caught:
        World.join(device)
    assert caught.value.message == message


def test_devices_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a number, the GPU of the process's rank on its machine."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(torch.cuda, "set_device", lambda _: None)
    monkeypatch.setenv("LOCAL_RANK", "2")
    found = [World.join(device).device for device in ("cuda", "cuda:1", "cpu")]
    assert found == [torch.device("cuda", 2), torch.device("cuda", 1), torch.device("cpu")]


def test_processes_that_cannot_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(CaffeToolsError, match="the 2 processes cannot meet: "):
        World.join("cpu")


def test_the_others_do_not_test(tmp_path: Path) -> None:
    given = project(tmp_path)
    second = World(torch.device("cpu"), rank=1, size=1)
    assert prepare(given, RunOptions(), second, GlogWriter(None)).tests == ()
