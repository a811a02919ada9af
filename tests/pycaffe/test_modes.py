from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import torch

from caffetools.pycaffe import modes


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("GLOG_minloglevel", raising=False)
    yield
    modes.init_log()
    modes.set_mode_cpu()
    modes.set_solver_count(1)


def test_the_mode_is_cpu_at_first() -> None:
    assert modes.current_device() == torch.device("cpu")


@pytest.mark.parametrize("choose", [modes.set_mode_gpu, lambda: modes.set_device(0)])
def test_a_missing_gpu(choose: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(RuntimeError, match=r"PyTorch finds 0 GPUs.*; use set_mode_cpu"):
        choose()  # type: ignore[operator]
    assert modes.current_device().type == "cpu"


def test_a_gpu_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    modes.set_device(1)
    modes.set_mode_gpu()
    assert modes.current_device() == torch.device("cuda", 1)
    with pytest.raises(RuntimeError, match="use 0 to 1"):
        modes.set_device(2)
    modes.set_device(0)


def test_a_seed_repeats_draws() -> None:
    modes.set_random_seed(5)
    first = torch.rand(3).tolist()
    modes.set_random_seed(5)
    assert torch.rand(3).tolist() == first


def test_layer_types() -> None:
    found = modes.layer_type_list()
    assert {"Convolution", "Data", "InnerProduct", "Python"} <= set(found)
    assert found == sorted(found)


def test_several_solvers_are_refused() -> None:
    modes.set_solver_rank(0)
    assert (modes.solver_count(), modes.solver_rank(), modes.has_nccl()) == (1, 0, False)
    modes.set_multiprocess(True)
    modes.set_solver_count(2)
    with pytest.raises(RuntimeError, match="caffetools train --gpu all"):
        modes.set_multiprocess(True)
    with pytest.raises(RuntimeError, match="NCCL is not in caffetools"):
        modes.NCCL(None, "uid")


def test_log(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    modes.log("a line")
    assert capsys.readouterr().err.endswith("] a line\n")
    modes.init_log(1)
    modes.log("a line")
    modes.init_log(0)
    monkeypatch.setenv("GLOG_minloglevel", "2")
    modes.log("a line")
    assert capsys.readouterr().err == ""
    assert modes.log_writer().stream is not sys.stderr


def test_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((10.0, 10.25))
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    timer = modes.Timer()
    timer.start()
    timer.stop()
    assert timer.ms == 250
