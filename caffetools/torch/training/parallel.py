"""Processes that train one net together, as Caffe's do on several GPUs (parallel.cpp).

Each process has the whole net and its own items; gradients are averaged. The batch size of the
prototxt is that of each process.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.interruptions import first_line

_PATIENCE = timedelta(hours=6)
"""How long the other processes wait while the first runs tests."""


@dataclass(frozen=True)
class World:
    """This process among those that train, as torchrun numbers them."""

    device: torch.device
    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls, device: str) -> World:
        """Join the processes that torchrun started, if any.

        Raises CaffeToolsError for a missing device, and if the processes cannot connect.
        """
        size, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
        place = _found(device, int(os.environ.get("LOCAL_RANK", "0")))
        if place.type == "cuda":
            torch.cuda.set_device(place)
        if size > 1:
            backend = "nccl" if place.type == "cuda" else "gloo"
            try:
                dist.init_process_group(backend, timeout=_PATIENCE)
            except (ValueError, RuntimeError) as error:
                text = " ".join(first_line(error).split())
                raise CaffeToolsError(f"the {size} processes cannot meet: {text}") from None
        return cls(place, rank, size)

    @property
    def is_first(self) -> bool:
        """Whether this process logs, tests and writes snapshots."""
        return self.rank == 0

    def wrapped(self, module: nn.Module, *, has_unused: bool) -> nn.Module:
        """Return the module, wrapped to average the gradients if there are several processes.

        `has_unused` says that some trainable parameters get no gradient.
        """
        if self.size == 1 or not any(each.requires_grad for each in module.parameters()):
            return module
        wrapped = DistributedDataParallel(module, find_unused_parameters=has_unused)
        wrapped.broadcast_buffers = False  # BatchNorm's statistics are per process, as in Caffe
        return wrapped

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean of a tensor over all processes."""
        if self.size > 1:
            values = values.clone()
            dist.all_reduce(values)
            values /= self.size
        return values

    def most(self, number: int) -> int:
        """Return the largest number of any process."""
        if self.size == 1:
            return number
        shared = torch.tensor(number, device=self.device)
        dist.all_reduce(shared, op=dist.ReduceOp.MAX)
        return int(shared)

    def gather(self, value: Any) -> list[Any]:
        """Return the values of all processes, in each."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def first(self, compute: Callable[[], int]) -> int:
        """Return the number that the first process computes, in each."""
        values = [compute() if self.is_first else 0]
        if self.size > 1:
            dist.broadcast_object_list(values, device=self.device)
        return values[0]

    def leave(self) -> None:
        """Leave the process group."""
        if self.size > 1 and dist.is_initialized():
            gc.collect()  # modules in cycles keep gloo's threads alive, which abort at exit
            dist.destroy_process_group()


def _found(device: str, rank: int) -> torch.device:
    """Return the device of a name; without a number, the GPU of the process's local rank."""
    kind, colon, number = device.partition(":")
    if kind not in ("cpu", "cuda") or (colon and not number.isdecimal()):
        raise CaffeToolsError(f"expected cpu, cuda or cuda:N for a device, found {device!a}")
    if kind == "cpu":
        return torch.device("cpu")
    found, index = torch.cuda.device_count(), int(number or rank)
    if index >= found:
        raise CaffeToolsError(f"PyTorch finds {found} GPUs, asked for was {kind}:{index}")
    return torch.device("cuda", index)
