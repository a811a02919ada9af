"""What a run says of itself, in Caffe's words (solver.cpp; sgd_solver.cpp, ApplyUpdate)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from caffetools.torch.training.clock import Clock
from caffetools.torch.training.glog import Log, number
from caffetools.torch.training.losses import Losses
from caffetools.torch.training.parallel import World
from caffetools.torch.training.settings import SolverSettings


class Report:
    """Writes the lines of a run; numbers that wait on a GPU are looked at when they are shown."""

    def __init__(self, log: Log, world: World, settings: SolverSettings, losses: Losses) -> None:
        self.log, self.world, self.settings, self.losses = log, world, settings, losses
        self._clock = Clock(0)
        self._norms: list[Tensor] = []

    def begins(self, name: str, iteration: int) -> None:
        """A run begins, or goes on."""
        self.log.say("solver.cpp:289", f"Solving {name}")
        self.log.say("solver.cpp:290", f"Learning Rate Policy: {self.settings.lr_policy}")
        self._clock = Clock(iteration)

    def shows(
        self, iteration: int, outputs: Mapping[str, Tensor], weights: Mapping[str, float]
    ) -> None:
        """The smoothed loss of an iteration, and the outputs of its last batch."""
        self.look()
        speed = self._clock.lap(iteration, self.settings.display)
        text = f"Iteration {iteration} ({speed}), loss = {number(self.losses.smoothed.value)}"
        self.log.say("solver.cpp:239", text)
        means = {blob: self.world.mean(each.detach().float()) for blob, each in outputs.items()}
        for line in output_lines("Train", means, weights):
            self.log.say("solver.cpp:258", line)

    def rate(self, iteration: int, rate: float) -> None:
        """The rate of an iteration."""
        self.log.say("sgd_solver.cpp:112", f"Iteration {iteration}, lr = {number(rate)}")

    def norm(self, norm: Tensor) -> None:
        """The norm that the gradients had before they were clipped, if that was needed."""
        self._norms.append(norm)
        if self.losses.at_once:
            self._tell_clipping()

    def last_loss(self, iteration: int) -> None:
        """The loss of one more batch, once all are done."""
        self.look()
        text = f"Iteration {iteration}, loss = {number(self.losses.smoothed.value)}"
        self.log.say("solver.cpp:327", text)

    def tested(
        self, outputs: Mapping[str, Tensor], weights: Mapping[str, float], loss: Tensor
    ) -> None:
        """The means of a test."""
        if self.settings.test_compute_loss:
            self.log.say("solver.cpp:401", f"Test loss: {number(float(loss))}")
        for line in output_lines("Test", outputs, weights):
            self.log.say("solver.cpp:414", line)

    def progress(self, iteration: int) -> None:
        """Where the run stands, on a terminal."""
        if self.log.is_terminal:
            loss, last = self.losses.smoothed.value, self.settings.max_iter
            self.log.progress(self._clock.progress(iteration, last, loss))

    def look(self) -> None:
        """Look at what waits on the device."""
        self._tell_clipping()
        self.losses.look()

    def _tell_clipping(self) -> None:
        most = self.settings.clip_gradients
        norms, self._norms = self._norms, []
        for norm in torch.stack(norms).tolist() if norms else ():
            if norm > most:
                text = f"(L2 norm {number(norm)} > {number(most)}) by scale factor"
                text = f"Gradient clipping: scaling down gradients {text} {number(most / norm)}"
                self.log.say("sgd_solver.cpp:99", text)


def output_lines(
    kind: str, outputs: Mapping[str, Tensor], weights: Mapping[str, float]
) -> list[str]:
    """Caffe's lines for outputs, one for each element; `kind` is Train or Test."""
    lines: list[str] = []
    for blob, values in outputs.items():
        weight = weights.get(blob, 0.0)
        for value in values.detach().float().reshape(-1).tolist():
            loss = f" (* {number(weight)} = {number(weight * value)} loss)" if weight else ""
            lines.append(f"    {kind} net output #{len(lines)}: {blob} = {number(value)}{loss}")
    return lines
