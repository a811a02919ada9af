"""The learning rate of each iteration (sgd_solver.cpp, GetLearningRate)."""

from __future__ import annotations

import math

from caffetools.proto.wire import single
from caffetools.torch.training.glog import number
from caffetools.torch.training.settings import SolverSettings


class Schedule:
    """A policy, with what it remembers from iteration to iteration.

    BVLC's seven policies; `plateau` as the SSD fork has it (weiliu89/caffe); `rampup_interval`,
    `rampup_lr` and `min_lr` as NVIDIA's (caffe-0.17). What is left of a run is a float, as in
    Caffe: the last rates of a long run show it.
    """

    def __init__(self, settings: SolverSettings) -> None:
        self.settings = settings
        self.current_step = 0
        """How often the rate was multiplied by gamma (step, multistep, plateau)."""
        self.minimum_loss = 1e38
        self.iter_last_event = 0
        """When `plateau` last saw a new minimum of the smoothed loss, or lowered the rate."""
        self.messages: list[str] = []
        """What is to be logged."""

    def take_messages(self) -> list[str]:
        """What is to be logged since the last call."""
        messages, self.messages = self.messages, []
        return messages

    def rate(self, iteration: int, smoothed_loss: float) -> float:
        """The rate of an iteration, to be asked for once in each, in order."""
        settings = self.settings
        if iteration < settings.rampup_interval:
            part = iteration / settings.rampup_interval
            rate = settings.rampup_lr + (settings.base_lr - settings.rampup_lr) * part**2
        else:
            rate = self._by_policy(iteration, smoothed_loss)
        return max(rate, settings.min_lr) if settings.min_lr else rate

    def _by_policy(self, iteration: int, smoothed_loss: float) -> float:
        settings = self.settings
        base, gamma = settings.base_lr, settings.gamma
        match settings.lr_policy:
            case "exp":
                return base * power(gamma, iteration)
            case "inv":
                return base * power(1 + gamma * iteration, -settings.power)
            case "poly":
                left = single(1 - single(iteration / max(settings.max_iter, 1)))
                return (base - settings.min_lr) * power(left, settings.power) + settings.min_lr
            case "sigmoid":
                return base / (1 + power(math.e, single(-gamma * (iteration - settings.stepsize))))
            case "step":
                self.current_step = iteration // settings.stepsize
            case "multistep":
                self._pass_stepvalue(iteration)
            case "plateau":
                self._watch(iteration, smoothed_loss)
            case _:
                return base
        return base * power(gamma, self.current_step)

    def _pass_stepvalue(self, iteration: int) -> None:
        """One step at most in each iteration, as Caffe."""
        steps = self.settings.stepvalue
        if self.current_step < len(steps) and iteration >= steps[self.current_step]:
            self.current_step += 1
            self.messages.append(
                f"MultiStep Status: Iteration {iteration}, step = {self.current_step}"
            )

    def _watch(self, iteration: int, smoothed_loss: float) -> None:
        """Lower the rate where no new minimum came within plateau_winsize iterations."""
        if smoothed_loss < self.minimum_loss:
            self.minimum_loss = smoothed_loss
            self.iter_last_event = iteration
        windows = self.settings.plateau_winsize
        if (
            self.current_step < len(windows)
            and iteration >= self.iter_last_event + windows[self.current_step]
        ):
            self.current_step += 1
            self.iter_last_event = iteration
            self.messages.append(
                f"Plateau Status: Iteration {iteration}, step = {self.current_step}"
            )
        display = self.settings.display
        if display and iteration % display == 0 and self.iter_last_event > iteration - display:
            self.messages.append(
                f"Plateau Status: Iteration {iteration}, "
                f"current minimum_loss = {number(self.minimum_loss)}"
            )


def power(base: float, exponent: float) -> float:
    """C's pow: infinite or nan where Python's raises."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan
