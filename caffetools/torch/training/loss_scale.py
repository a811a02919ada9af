"""The scale of the loss of a run in half precision, as torch.amp.GradScaler has it."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, _foreach_mul_, _foreach_norm


class LossScale:
    """A factor that keeps small gradients above the least number of half precision.

    It starts at 2^16, is halved when a gradient overflows, whose step is left out, and doubled
    after 2,000 steps in a row without an overflow.
    """

    def __init__(self) -> None:
        self.factor = 2.0**16
        self.steps = 0
        """Since the last overflow or doubling."""

    @torch.no_grad()
    def unscale(self, tensors: Iterable[Tensor]) -> bool:
        """Divide the gradients by the factor and update it; return False if one has overflowed."""
        gradients = [tensor.grad for tensor in tensors if tensor.grad is not None]
        most = _foreach_norm(gradients, float("inf")) if gradients else ()
        if most and not torch.isfinite(torch.stack(most)).all():
            self.factor, self.steps = self.factor / 2, 0
            return False
        if gradients:
            _foreach_mul_(gradients, 1 / self.factor)
        self.steps += 1
        if self.steps == 2000:
            self.factor, self.steps = self.factor * 2, 0
        return True
