"""The learning rate of each iteration (sgd_solver.cpp, GetLearningRate)."""

from __future__ import annotations

import math

from caffetools.proto.wire import single
from caffetools.torch.training.glog_writer import number
from caffetools.torch.training.settings import SolverSettings


class Schedule:
    """A learning rate policy and its state.

    BVLC's seven policies; `plateau` as the SSD fork has it (weiliu89/caffe); `rampup_interval`,
    `rampup_lr` and `min_lr` as NVIDIA's (caffe-0.17). In Caffe, each step of inv, poly and
    sigmoid rounds to single precision; the powers of the others are double.
    """

    def __init__(self, settings: SolverSettings) -> None:
        self.settings = settings
        self.current_step = 0
        """Number of multiplications by gamma (step, multistep, plateau)."""
        self.minimum_loss = 1e38
        self.iter_last_event = 0
        """Iteration of the last new minimum of the smoothed loss, or step, of `plateau`."""
        self.messages: list[str] = []
        """To log; the reader removes them."""

    def rate(self, iteration: int, smoothed_loss: float) -> float:
        """Return the rate of an iteration; call it once in each, in order."""
        settings = self.settings
        if iteration < settings.rampup_interval:
            part = iteration / settings.rampup_interval
            rate = settings.rampup_lr + (settings.base_lr - settings.rampup_lr) * part**2
        else:
            rate = self._by_policy(iteration, smoothed_loss)
        return single(max(rate, settings.min_lr) if settings.min_lr else rate)

    def _by_policy(self, iteration: int, smoothed_loss: float) -> float:
        settings = self.settings
        base, gamma = settings.base_lr, settings.gamma
        match settings.lr_policy:
            case "exp":
                return base * power(gamma, iteration)
            case "inv":
                grown = single(1 + single(gamma * iteration))
                return base * single(power(grown, -settings.power))
            case "poly":
                left = single(1 - single(iteration / max(settings.max_iter, 1)))
                part = single(power(left, settings.power))
                return (base - settings.min_lr) * part + settings.min_lr
            case "sigmoid":
                grown = single(power(math.e, single(-gamma * (iteration - settings.stepsize))))
                return base * single(1 / single(1 + grown))
            case "step":
                self.current_step = iteration // settings.stepsize
            case "multistep":
                self._pass_stepvalue(iteration)
            case "plateau":
                self._watch(iteration, smoothed_loss)
            case "fixed":
                return base
            case policy:
                raise NotImplementedError(f"no learning rate for lr_policy {policy!a}")
        return base * power(gamma, self.current_step)

    def _pass_stepvalue(self, iteration: int) -> None:
        """Take at most one step in each iteration, as Caffe does."""
        steps, step = self.settings.stepvalue, self.current_step
        if step < len(steps) and iteration >= steps[step]:
            self.current_step = step + 1
            self.messages.append(f"MultiStep Status: Iteration {iteration}, step = {step + 1}")

    def _watch(self, iteration: int, smoothed_loss: float) -> None:
        """Lower the rate if no new minimum came within plateau_winsize iterations."""
        if smoothed_loss < self.minimum_loss:
            self.minimum_loss, self.iter_last_event = smoothed_loss, iteration
        head, step = f"Plateau Status: Iteration {iteration}", self.current_step
        windows = self.settings.plateau_winsize
        if step < len(windows) and iteration >= self.iter_last_event + windows[step]:
            self.current_step, self.iter_last_event = step + 1, iteration
            self.messages.append(f"{head}, step = {step + 1}")
        display = self.settings.display
        if display and iteration % display == 0 and self.iter_last_event > iteration - display:
            self.messages.append(f"{head}, current minimum_loss = {number(self.minimum_loss)}")


def power(base: float, exponent: float) -> float:
    """Return C's pow: inf or nan where Python's raises."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan
