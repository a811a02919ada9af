"""Caffe's six solvers of PyTorch's tensors.

They differ from torch.optim's by more than defaults. Caffe's SGD keeps the rate in its history,
`v = momentum * v + rate * g; w -= v`, so that after a change of the rate old gradients still count
at the old rate; the adaptive solvers apply rate, delta and corrections at other points. g is the
gradient as `solver_base` prepares it.
"""

from __future__ import annotations

import math
from typing import ClassVar

from torch import (
    Tensor,
    _foreach_add,
    _foreach_add_,
    _foreach_addcdiv_,
    _foreach_addcmul_,
    _foreach_div_,
    _foreach_mul_,
    _foreach_sqrt,
    _foreach_sqrt_,
    _foreach_sub_,
    _foreach_zero_,
)
from torch.optim.sgd import sgd

from caffetools.torch.training.solver_base import Group, Solver


class SGD(Solver):
    """`v = momentum * v + rate * g; w -= v` (sgd_solver.cpp).

    PyTorch's fused kernel computes the same with a rate of 1 and a dampening of 1 - rate, and adds
    the weight decay itself.
    """

    rests: ClassVar[bool] = True

    def regularize(self, group: Group, gradients: list[Tensor]) -> None:
        if not self._is_fused_decay():
            super().regularize(group, gradients)

    def update(self, group: Group, gradients: list[Tensor], rate: float) -> None:
        weights, history = group.weights, group.kept["history"]
        if not self.settings.momentum:  # the kernel would keep no history
            _foreach_zero_(history)
            _foreach_add_(history, gradients, alpha=rate)
            _foreach_sub_(weights, history)
            return
        sgd(
            weights,
            gradients,
            list(history),
            fused=True,
            weight_decay=self.decay(group) if self._is_fused_decay() else 0.0,
            momentum=self.settings.momentum,
            lr=1.0,
            dampening=1 - rate,
            nesterov=False,
            maximize=False,
        )

    def _is_fused_decay(self) -> bool:
        return self.settings.regularization_type == "L2" and self.settings.momentum != 0


class Nesterov(Solver):
    """`v' = momentum * v + rate * g; w -= (1 + momentum) * v' - momentum * v`.

    The update is `rate * g + momentum * v'` (nesterov_solver.cpp).
    """

    rests: ClassVar[bool] = True

    def update(self, group: Group, gradients: list[Tensor], rate: float) -> None:
        history, momentum = group.kept["history"], self.settings.momentum
        _foreach_mul_(history, momentum)
        _foreach_add_(history, gradients, alpha=rate)
        _foreach_sub_(group.weights, gradients, alpha=rate)
        _foreach_sub_(group.weights, history, alpha=momentum)


class AdaGrad(Solver):
    """`h += g^2; w -= rate * g / (sqrt(h) + delta)` (adagrad_solver.cpp)."""

    def update(self, group: Group, gradients: list[Tensor], rate: float) -> None:
        history = group.kept["history"]
        _foreach_addcmul_(history, gradients, gradients)
        subtract_ratio(group.weights, gradients, history, rate, self.settings.delta)


class RMSProp(Solver):
    """`h = d * h + (1 - d) * g^2; w -= rate * g / (sqrt(h) + delta)` (rmsprop_solver.cpp)."""

    def update(self, group: Group, gradients: list[Tensor], rate: float) -> None:
        history = group.kept["history"]
        average_squares(history, gradients, self.settings.rms_decay)
        subtract_ratio(group.weights, gradients, history, rate, self.settings.delta)


class AdaDelta(Solver):
    """`u = g * sqrt((s + delta) / (h + delta)); w -= rate * u` (adadelta_solver.cpp).

    h is the running mean of g^2, this step's included, s that of u^2, up to the step before.
    """

    names: ClassVar[tuple[str, ...]] = ("history", "updates")

    def update(self, group: Group, gradients: list[Tensor], rate: float) -> None:
        history, updates = group.kept["history"], group.kept["updates"]
        momentum, delta = self.settings.momentum, self.settings.delta
        average_squares(history, gradients, momentum)
        update = list(_foreach_add(updates, delta))
        _foreach_div_(update, _foreach_add(history, delta))
        _foreach_sqrt_(update)
        _foreach_mul_(update, gradients)
        average_squares(updates, update, momentum)
        _foreach_sub_(group.weights, update, alpha=rate)


class Adam(Solver):
    """`w -= rate * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + delta)` (adam_solver.cpp).

    m and v are the running means of g and g^2; b1 and b2 are momentum and momentum2; t counts from
    1. PyTorch's Adam adds its eps to the corrected root, Caffe to the uncorrected one.
    """

    names: ClassVar[tuple[str, ...]] = ("history", "squares")

    def update(self, group: Group, gradients: list[Tensor], rate: float) -> None:
        history, squares = group.kept["history"], group.kept["squares"]
        first, second = self.settings.momentum, self.settings.momentum2
        _foreach_mul_(history, first)
        _foreach_add_(history, gradients, alpha=1 - first)
        average_squares(squares, gradients, second)
        count = self.iteration + 1
        correction = math.sqrt(1 - second**count) / (1 - first**count)
        subtract_ratio(group.weights, history, squares, rate * correction, self.settings.delta)


def average_squares(means: list[Tensor], values: list[Tensor], kept: float) -> None:
    """`mean = kept * mean + (1 - kept) * value^2`."""
    _foreach_mul_(means, kept)
    _foreach_addcmul_(means, values, values, 1 - kept)


def subtract_ratio(
    weights: list[Tensor], values: list[Tensor], squares: list[Tensor], rate: float, delta: float
) -> None:
    """`w -= rate * value / (sqrt(square) + delta)`."""
    divisors = _foreach_sqrt(squares)
    _foreach_add_(divisors, delta)
    _foreach_addcdiv_(weights, values, divisors, -rate)


SOLVERS: dict[str, type[Solver]] = {
    solver.__name__: solver for solver in (SGD, Nesterov, AdaGrad, RMSProp, AdaDelta, Adam)
}
"""Solvers by Caffe's type."""
