"""The base of Caffe's solvers: clipping, accumulation, decay, multipliers, history.

In Caffe's order (sgd_solver.cpp, ApplyUpdate): the gradient is clipped by its global norm, divided
by iter_size, and the weight decay is added; then the solver's own rule applies. Groups of equal
multipliers are passed to PyTorch's foreach kernels: no step loops over the parameters in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, _foreach_add_, _foreach_mul_, _foreach_norm, _foreach_sign

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.settings import SolverSettings


@dataclass(frozen=True, slots=True)
class Learnable:
    """A blob of the net, with the multipliers of its learning rate and weight decay."""

    tensor: Tensor
    lr_mult: float = 1.0
    decay_mult: float = 1.0


@dataclass(frozen=True, slots=True)
class Group:
    """The weights of equal multipliers, and the kept tensors of each name."""

    lr_mult: float
    decay_mult: float
    weights: list[Tensor]
    kept: dict[str, list[Tensor]]


PENALTY_SLOPES: dict[str, Callable[[list[Tensor]], tuple[Tensor, ...] | list[Tensor]]] = {
    "L1": _foreach_sign,
    "L2": lambda weights: weights,
}
"""Slope of each regularization_type with respect to the weights (SGDSolver::Regularize)."""


class Solver:
    """Base of the six solvers.

    `rate` is the learning rate of the next step, `iteration` the number of steps before it. It is
    no torch.optim.Optimizer: making the first of these imports TorchDynamo, which takes seconds.
    """

    names: ClassVar[tuple[str, ...]] = ("history",)
    """Names of the tensors kept for each parameter, in the order of a .solverstate."""

    rests: ClassVar[bool] = False
    """Whether a rate of 0 changes neither the weights nor a history of zeros."""

    def __init__(self, blobs: Sequence[Learnable], settings: SolverSettings) -> None:
        self.settings = settings
        self.rate = settings.base_lr
        self.iteration = 0
        self.blobs = tuple(blob.tensor for blob in blobs)
        """In the order of Caffe's learnable_params."""
        self._kept = {
            name: [torch.zeros_like(tensor, requires_grad=False) for tensor in self.blobs]
            for name in self.names
        }
        members: dict[tuple[float, float], list[int]] = {}
        for index, blob in enumerate(blobs):
            members.setdefault((blob.lr_mult, blob.decay_mult), []).append(index)
        self.groups = [
            Group(
                *multipliers,
                [self.blobs[index] for index in chosen],
                {name: [kept[index] for index in chosen] for name, kept in self._kept.items()},
            )
            for multipliers, chosen in members.items()
        ]
        self._find_resting()

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for tensor in self.blobs:
            tensor.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Take one step with the gradients of the parameters, and overwrite them."""
        for group in self._moving:
            gradients = [
                torch.zeros_like(weight) if weight.grad is None else weight.grad
                for weight in group.weights
            ]
            if self.settings.iter_size > 1:
                _foreach_mul_(gradients, 1 / self.settings.iter_size)
            self.regularize(group, gradients)
            self.update(group, gradients, self.rate * group.lr_mult)
        self.iteration += 1

    @torch.no_grad()
    def clip(self) -> Tensor | None:
        """Scale the gradients down to an L2 norm of clip_gradients, on their device.

        Returns the norm before, or None if clipping is off or there are no gradients.
        """
        most = self.settings.clip_gradients
        gradients = [tensor.grad for tensor in self.blobs if tensor.grad is not None]
        if most < 0 or not gradients:
            return None
        norm: Tensor = torch.linalg.vector_norm(torch.stack(_foreach_norm(gradients)))
        _foreach_mul_(gradients, torch.where(norm > most, most / norm, 1.0))
        return norm

    def decay(self, group: Group) -> float:
        """Return the weight decay of a group."""
        return float(self.settings.weight_decay * group.decay_mult)

    def regularize(self, group: Group, gradients: list[Tensor]) -> None:
        """Add the gradient of half the squared L2 norm, or of the L1 norm, times the decay."""
        decay, weights = self.decay(group), group.weights
        if decay:
            slopes = PENALTY_SLOPES[self.settings.regularization_type](weights)
            _foreach_add_(gradients, slopes, alpha=decay)

    def update(self, group: Group, gradients: list[Tensor], rate: float) -> None:
        """Update the weights of a group and their histories; `rate` includes lr_mult."""
        raise NotImplementedError

    def _find_resting(self) -> None:
        """Skip frozen groups in each step, unless they resume a history, as Caffe updates that."""
        self._moving = [
            group
            for group in self.groups
            if not self.rests
            or group.lr_mult
            or any(history.any() for history in group.kept["history"])
        ]

    def histories(self) -> list[Tensor]:
        """Return all kept tensors in the order of a .solverstate: by name, then by blob."""
        return [tensor for kept in self._kept.values() for tensor in kept]

    @torch.no_grad()
    def restore(self, histories: Sequence[Tensor]) -> None:
        """Copy the histories of a .solverstate.

        Raises CaffeToolsError, before anything is changed, if their sizes do not match.
        """
        own = self.histories()
        if len(own) != len(histories):
            raise CaffeToolsError(f"expected a history of {len(own)} blobs, found {len(histories)}")
        for index, (mine, given) in enumerate(zip(own, histories, strict=True)):
            if mine.numel() != given.numel():
                text = f"expected {mine.numel()} numbers in blob {index} of the history"
                raise CaffeToolsError(f"{text}, found {given.numel()}")
        for mine, given in zip(own, histories, strict=True):
            mine.copy_(given.reshape(mine.shape))
        self._find_resting()
