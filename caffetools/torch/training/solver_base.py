"""What Caffe's solvers have in common: clipping, accumulation, decay, multipliers, history.

In Caffe's order (sgd_solver.cpp, ApplyUpdate): the gradient is clipped by its global norm, divided
by iter_size, and the decay of the weights is added; then comes the solver's own rule. Nothing loops
over the parameters in a step: groups of equal multipliers are handed to PyTorch's foreach kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, _foreach_add_, _foreach_mul_, _foreach_norm, _foreach_sign

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.settings import SolverSettings

Group = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Learnable:
    """One of the net's blobs, with what its layer multiplies the rate and the decay by."""

    tensor: Tensor
    lr_mult: float = 1.0
    decay_mult: float = 1.0


class Solver(torch.optim.Optimizer):
    """What all six have in common. `rate` is the rate of the next step, `iteration` its number."""

    names: ClassVar[tuple[str, ...]] = ("history",)
    """Of the tensors that are kept for each parameter, in the order of a .solverstate."""

    rests: ClassVar[bool] = False
    """Does a rate of 0 leave the weights alone, and a history of zeros as it is?"""

    def __init__(self, blobs: Sequence[Learnable], settings: SolverSettings) -> None:
        self.settings = settings
        self.rate = settings.base_lr
        self.iteration = 0
        self.blobs = tuple(blob.tensor for blob in blobs)
        """In the order of Caffe's learnable_params."""
        groups: dict[tuple[float, float], list[Tensor]] = {}
        for blob in blobs:
            groups.setdefault((blob.lr_mult, blob.decay_mult), []).append(blob.tensor)
        super().__init__(
            [
                {"params": tensors, "lr_mult": lr_mult, "decay_mult": decay_mult}
                for (lr_mult, decay_mult), tensors in groups.items()
            ],
            {},
        )
        for tensor in self.blobs:
            for name in self.names:
                self.state[tensor][name] = torch.zeros_like(tensor, requires_grad=False)
        self._find_resting()

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take one step with the gradients that the parameters hold, which are used up."""
        for group in self._moving:
            gradients = [
                torch.zeros_like(weight) if weight.grad is None else weight.grad
                for weight in group["params"]
            ]
            if self.settings.iter_size > 1:
                _foreach_mul_(gradients, 1 / self.settings.iter_size)
            self.regularize(group, gradients)
            self.update(group, gradients, self.rate * group["lr_mult"])

    @torch.no_grad()
    def clip(self) -> Tensor | None:
        """Scale the gradients down to a norm of clip_gradients, on their device.

        Returns the norm that they had; None where there is nothing to clip.
        """
        most = self.settings.clip_gradients
        gradients = [tensor.grad for tensor in self.blobs if tensor.grad is not None]
        if most < 0 or not gradients:
            return None
        norm: Tensor = torch.linalg.vector_norm(torch.stack(_foreach_norm(gradients)))
        _foreach_mul_(gradients, torch.where(norm > most, most / norm, 1.0))
        return norm

    def decay(self, group: Group) -> float:
        """How strongly the weights of a group are pulled to zero."""
        return float(self.settings.weight_decay * group["decay_mult"])

    def regularize(self, group: Group, gradients: list[Tensor]) -> None:
        """Add the gradient of the L2 norm's half, or of the L1 norm."""
        if self.decay(group):
            weights = group["params"]
            l2 = self.settings.regularization_type == "L2"
            pull = weights if l2 else _foreach_sign(weights)
            _foreach_add_(gradients, pull, alpha=self.decay(group))

    def update(self, group: Group, gradients: list[Tensor], rate: float) -> None:
        """Change the weights of a group and what is kept for them; `rate` is the group's own."""
        raise NotImplementedError

    def _find_resting(self) -> None:
        """Leave out of each step what is frozen; Caffe goes on with a history that it resumes."""
        self._moving = [
            group
            for group in self.param_groups
            if not self.rests
            or group["lr_mult"]
            or any(history.any() for history in self.kept(group, "history"))
        ]

    def kept(self, group: Group, name: str) -> list[Tensor]:
        """What is kept under a name for each of the weights."""
        return [self.state[weight][name] for weight in group["params"]]

    def histories(self) -> list[Tensor]:
        """What is kept, in the order of a .solverstate: a name for all blobs, then the next."""
        return [self.state[tensor][name] for name in self.names for tensor in self.blobs]

    @torch.no_grad()
    def restore(self, histories: Sequence[Tensor]) -> None:
        """Take over the histories of a .solverstate.

        Raises CaffeToolsError, before anything is changed, where they do not fit.
        """
        own = self.histories()
        if len(own) != len(histories):
            raise CaffeToolsError(f"expected a history of {len(own)} blobs, found {len(histories)}")
        for index, (mine, given) in enumerate(zip(own, histories, strict=True)):
            if mine.numel() != given.numel():
                raise CaffeToolsError(
                    f"expected {mine.numel()} numbers in blob {index} of the history, "
                    f"found {given.numel()}"
                )
        for mine, given in zip(own, histories, strict=True):
            mine.copy_(given.reshape(mine.shape))
        self._find_resting()
