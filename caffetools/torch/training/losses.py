"""The losses of a run (solver.cpp, UpdateSmoothedLoss).

On a GPU several losses are fetched together, so that the run does not wait for each.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.glog_writer import number
from caffetools.torch.training.parallel import World

_MOST_WAITING = 20
"""Losses left on the device before they are fetched together."""


class SmoothedLoss:
    """Mean of the last `average_loss` losses (solver.cpp, UpdateSmoothedLoss)."""

    def __init__(self, average_loss: int) -> None:
        self.average_loss = average_loss
        self.losses: list[float] = []
        self.value = 0.0
        self.count = 0

    def add(self, loss: float) -> None:
        """Add the loss of the next iteration."""
        if len(self.losses) < self.average_loss:
            self.losses.append(loss)
            size = len(self.losses)
            self.value = (self.value * (size - 1) + loss) / size
        else:
            index = self.count % self.average_loss
            self.value += (loss - self.losses[index]) / self.average_loss
            self.losses[index] = loss
        self.count += 1


class Losses:
    """Losses of all iterations; `smoothed` has those that were fetched.

    With `at_once` each loss is fetched when it is added, otherwise with others or by `fetch`.
    """

    def __init__(self, world: World, average_loss: int, *, at_once: bool) -> None:
        self.world, self.at_once = world, at_once
        self.smoothed = SmoothedLoss(average_loss)
        self._waiting: list[Tensor] = []

    @property
    def wait(self) -> bool:
        """Whether some losses are not fetched yet."""
        return bool(self._waiting)

    def add(self, loss: Tensor) -> None:
        """Add this process's loss of the next iteration."""
        self._waiting.append(loss)
        if self.at_once or len(self._waiting) > _MOST_WAITING:
            self.fetch()

    def fetch(self) -> None:
        """Smooth the waiting losses, each averaged over all processes."""
        if self._waiting:
            losses = self.world.mean(torch.stack(self._waiting))
            self._waiting.clear()
            for loss in losses.tolist():
                self.smoothed.add(loss)

    def check_finite(self, iteration: int) -> None:
        """Raise CaffeToolsError if the loss is nan or inf."""
        if not math.isfinite(self.smoothed.value):
            text = f"the loss is {number(self.smoothed.value)} at iteration {iteration}"
            stops = "training stops, the last snapshot is kept"
            raise CaffeToolsError(f"{text}: {stops}; use a lower base_lr, or clip_gradients")
