"""Losses on their way from the device: on a GPU several wait, so that it never waits for them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.glog import number
from caffetools.torch.training.parallel import World
from caffetools.torch.training.smoothing import SmoothedLoss

_MOST_WAITING = 20


class Losses:
    """The losses of all iterations up to now; `smoothed` has those that were looked at."""

    def __init__(self, world: World, average_loss: int, *, at_once: bool) -> None:
        self.world = world
        self.smoothed = SmoothedLoss(average_loss)
        self.at_once = at_once
        """Is each looked at when it comes? Otherwise when some wait, or `look` is called."""
        self._waiting: list[Tensor] = []

    @property
    def wait(self) -> bool:
        """Are there losses that were not looked at?"""
        return bool(self._waiting)

    def add(self, loss: Tensor) -> None:
        """Take the loss of one more iteration, in this process."""
        self._waiting.append(loss)
        if self.at_once or len(self._waiting) > _MOST_WAITING:
            self.look()

    def look(self) -> None:
        """Take those that wait into the mean, each the mean of all processes."""
        if self._waiting:
            losses = self.world.mean(torch.stack(self._waiting))
            self._waiting.clear()
            for loss in losses.tolist():
                self.smoothed.add(loss)

    def check_finite(self, iteration: int) -> None:
        """Raise CaffeToolsError where the loss has become infinite or no number."""
        if not math.isfinite(self.smoothed.value):
            raise CaffeToolsError(
                f"the loss is {number(self.smoothed.value)} at iteration {iteration}: "
                "training stops, the last snapshot is kept"
            )
