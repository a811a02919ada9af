"""The state that all nets of a process share: mode, device, random seed, log (common.cpp)."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass

import torch

from caffetools.errors import CaffeToolsError
from caffetools.layers.registry import REGISTRY
from caffetools.pycaffe.faults import CaffeError, failures
from caffetools.torch.training.glog_writer import GlogWriter


@dataclass
class _State:
    is_gpu: bool = False
    device: int = 0
    solver_count: int = 1
    solver_rank: int = 0
    least_severity: int = 0


_STATE = _State()
_CPU = torch.device("cpu")


def current_device() -> torch.device:
    """Return the device that layers compute on."""
    return torch.device("cuda", _STATE.device) if _STATE.is_gpu else _CPU


def set_mode_cpu() -> None:
    """Compute on the CPU."""
    _STATE.is_gpu = False


def set_mode_gpu() -> None:
    """Compute on the GPU of `set_device`; raises RuntimeError without one."""
    with failures():
        _check_gpu(_STATE.device)
    _STATE.is_gpu = True


def set_device(device_id: int) -> None:
    """Choose the GPU; raises RuntimeError if PyTorch does not find it."""
    with failures():
        _check_gpu(device_id)
    _STATE.device = device_id


def _check_gpu(device: int) -> None:
    found = torch.cuda.device_count()
    if not 0 <= device < found:
        hint = "use set_mode_cpu" if not found else f"use 0 to {found - 1}"
        raise CaffeToolsError(f"PyTorch finds {found} GPUs, asked for was GPU {device}; {hint}")


def set_random_seed(seed: int) -> None:
    """Seed the fillers, dropout and data layers of the nets that follow."""
    torch.manual_seed(seed)


def layer_type_list() -> list[str]:
    """Return all layer types, sorted; those of Python modules are `Python`."""
    return [name for name in REGISTRY.types() if "." not in name]


def solver_count() -> int:
    """Return the number of solvers that train together."""
    return _STATE.solver_count


def set_solver_count(count: int) -> None:
    """Set the number of solvers."""
    _STATE.solver_count = count


def solver_rank() -> int:
    """Return the number of this solver."""
    return _STATE.solver_rank


def set_solver_rank(rank: int) -> None:
    """Set the number of this solver."""
    _STATE.solver_rank = rank


def set_multiprocess(is_multiprocess: bool) -> None:
    """Accept that the processes of one solver each are on their own; several raise."""
    if is_multiprocess and _STATE.solver_count > 1:
        raise CaffeError("several solvers are not in caffetools; use caffetools train --gpu all")


def has_nccl() -> bool:
    """Return False: gradients are averaged by `caffetools train --gpu all` alone."""
    return False


class NCCL:
    """Not there: raises RuntimeError."""

    def __init__(self, *_: object) -> None:
        raise CaffeError("NCCL is not in caffetools.pycaffe; use caffetools train --gpu all")


def init_log(level: int | None = None, stderr: bool = True) -> None:
    """Set the least severity that is logged: 0 for all lines, 1 for warnings, 2 for errors."""
    _STATE.least_severity = 0 if level is None else level if stderr else 3


def log(message: str) -> None:
    """Write a line to the log."""
    log_writer().say("_caffe.cpp:58", message)


def log_writer() -> GlogWriter:
    """Return the writer of the log; GLOG_minloglevel above 0 silences it, as in Caffe."""
    least = os.environ.get("GLOG_minloglevel", "0")  # noqa: SIM112  # glog's name
    is_silent = _STATE.least_severity or (least.isdecimal() and int(least))
    return GlogWriter(None if is_silent else sys.stderr)


class Timer:
    """Time between `start` and `stop`, in milliseconds."""

    def __init__(self) -> None:
        self._started = self._ms = 0.0

    def start(self) -> None:
        """Start measuring."""
        self._started = time.perf_counter()

    def stop(self) -> None:
        """Stop measuring."""
        self._ms = (time.perf_counter() - self._started) * 1000

    @property
    def ms(self) -> float:
        """Milliseconds between the last start and stop."""
        return self._ms
