"""The nets that test the net in training (solver.cpp, Test)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from caffetools.torch.training.data.batches import Batch
from caffetools.torch.training.data.reader import Reader
from caffetools.torch.training.model import total_loss
from caffetools.torch.training.skipped import Skipped

Forward = Callable[[nn.Module, dict[str, Tensor]], dict[str, Tensor]]


@dataclass(frozen=True)
class TestNet:
    """A net that tests, with the readers of its sources."""

    __test__ = False  # no test class of pytest's

    module: nn.Module
    """In its phase; a module that is trained, too, goes to eval while it tests."""
    readers: tuple[Reader, ...]
    iterations: int
    loss_weights: Mapping[str, float]
    """Of its outputs, when it tests."""


def read_inputs(
    readers: tuple[Reader, ...], device: torch.device, skipped: Skipped
) -> dict[str, Tensor]:
    """The next batch of each source by top, on the device; `skipped` takes its notes."""
    tensors: dict[str, Tensor] = {}
    for reader in readers:
        batch: Batch = reader.next()
        tensors.update(batch.tensors)
        skipped.tell(batch.notes)
    return {top: each.to(device, non_blocking=True) for top, each in tensors.items()}


@torch.no_grad()
def scores(
    net: TestNet,
    forward: Forward,
    device: torch.device,
    skipped: Skipped,
    stop: Callable[[], bool],
) -> tuple[dict[str, Tensor], Tensor] | None:
    """The mean of each output and of the loss over all batches; None where `stop` said so."""
    totals: dict[str, Tensor] = {}
    loss = torch.zeros((), device=device)
    was_training = net.module.training
    net.module.eval()
    try:
        for _ in range(net.iterations):
            if stop():
                return None
            outputs = forward(net.module, read_inputs(net.readers, device, skipped))
            loss += total_loss(outputs, net.loss_weights)
            for blob, values in outputs.items():
                totals[blob] = totals[blob] + values if blob in totals else values.float()
    finally:
        net.module.train(was_training)
    count = max(net.iterations, 1)
    return {blob: total / count for blob, total in totals.items()}, loss / count
