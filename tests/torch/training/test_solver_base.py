from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.settings import REGULARIZATIONS, SolverSettings
from caffetools.torch.training.solver_base import PENALTY_SLOPES, Group, Learnable, Solver
from caffetools.torch.training.solvers import SGD, Adam


class Recording(Solver):
    """Subtracts rate * g and keeps what it was given."""

    def update(self, group: Group, gradients: list[Tensor], rate: float) -> None:
        self.given = [each.clone() for each in gradients]
        for weight, gradient in zip(group.weights, gradients, strict=True):
            weight.sub_(rate * gradient)


def made(
    weight: list[float], gradient: list[float] | None, *mults: float, **options: Any
) -> tuple[Recording, Tensor]:
    tensor = torch.tensor(weight, requires_grad=True)
    if gradient is not None:
        tensor.grad = torch.tensor(gradient)
    settings = SolverSettings(base_lr=1.0, **options)
    return Recording([Learnable(tensor, *mults)], settings), tensor


@pytest.mark.parametrize(
    ("options", "mults", "expected"),
    [
        ({}, (), [3.0, 4.0]),
        ({"iter_size": 4}, (), [3 / 4, 4 / 4]),
        ({"weight_decay": 0.5}, (), [3 + 0.5 * 2, 4 - 0.5 * 8]),
        ({"weight_decay": 0.5}, (1.0, 2.0), [3 + 0.5 * 2 * 2, 4 - 0.5 * 2 * 8]),
        ({"weight_decay": 0.5}, (1.0, 0.0), [3.0, 4.0]),
        ({"weight_decay": 0.5, "regularization_type": "L1"}, (), [3 + 0.5, 4 - 0.5]),
        # The decay is not divided by iter_size.
        ({"weight_decay": 0.5, "iter_size": 2}, (), [3 / 2 + 0.5 * 2, 4 / 2 - 0.5 * 8]),
    ],
)
def test_what_is_done_to_a_gradient(
    options: dict[str, Any], mults: tuple[float, ...], expected: list[float]
) -> None:
    solver, weight = made([2.0, -8.0], [3.0, 4.0], *mults, **options)
    solver.step()
    assert solver.given[0].tolist() == expected
    assert weight.tolist() == [2 - expected[0], -8 - expected[1]]


def test_rates_by_multiplier() -> None:
    tensors = [torch.zeros(1, requires_grad=True) for _ in range(3)]
    for tensor in tensors:
        tensor.grad = torch.ones(1)
    blobs = [Learnable(tensor, mult) for tensor, mult in zip(tensors, (1, 2, 0), strict=True)]
    solver = Recording(blobs, SolverSettings(base_lr=0.5))
    solver.step()
    assert [float(tensor.detach()) for tensor in tensors] == [-0.5, -1.0, 0.0]


def test_no_gradient_counts_as_zero() -> None:
    solver, weight = made([2.0], None, weight_decay=0.5)
    solver.step()
    assert weight.tolist() == [2 - 0.5 * 2]


@pytest.mark.parametrize(
    ("most", "norm", "factor"),
    [(10.0, 5.0, 1), (5.0, 5.0, 1), (2.5, 5.0, 0.5), (0.0, 5.0, 0), (-1.0, None, 1)],
)
def test_clip(most: float, norm: float | None, factor: float) -> None:
    solver, weight = made([0.0, 0.0], [3.0, 4.0], clip_gradients=most)  # of norm 5
    assert solver.clip() == norm
    assert weight.grad is not None
    assert weight.grad.tolist() == [3 * factor, 4 * factor]


def test_clip_without_a_gradient() -> None:
    solver, _ = made([0.0], None, clip_gradients=1.0)
    assert solver.clip() is None


def test_clip_is_by_the_norm_of_all() -> None:
    tensors = [torch.zeros(1, requires_grad=True) for _ in range(2)]
    for tensor, value in zip(tensors, (3.0, 4.0), strict=True):
        tensor.grad = torch.tensor([value])
    blobs = list(map(Learnable, tensors))
    assert SGD(blobs, SolverSettings(clip_gradients=2.5)).clip() == 5
    assert [tensor.grad for tensor in tensors] == [torch.tensor([1.5]), torch.tensor([2.0])]


def test_histories_stand_in_caffes_order() -> None:
    """Those of all blobs under the first name, then those under the second."""
    tensors = [torch.zeros(size, requires_grad=True) for size in (1, 2)]
    solver = Adam([Learnable(tensors[0], 2.0), Learnable(tensors[1])], SolverSettings())
    assert [history.numel() for history in solver.histories()] == [1, 2, 1, 2]
    solver.restore([torch.full((size,), float(i)) for i, size in enumerate((1, 2, 1, 2))])
    (first, second) = solver.groups
    assert second.kept["history"][0].tolist() == [1, 1]
    assert first.kept["squares"][0].tolist() == [2]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((2,), "expected a history of 2 blobs, found 1"),
        ((2, 4), "expected 3 numbers in blob 1 of the history, found 4"),
    ],
)
def test_a_history_that_does_not_fit_changes_nothing(sizes: tuple[int, ...], message: str) -> None:
    tensors = [torch.zeros(size, requires_grad=True) for size in (2, 3)]
    solver = SGD(list(map(Learnable, tensors)), SolverSettings())
    with pytest.raises(CaffeToolsError, match=message):
        solver.restore([torch.ones(size) for size in sizes])
    assert not any(history.any() for history in solver.histories())


def test_every_regularization_is_handled() -> None:
    assert set(PENALTY_SLOPES) == set(REGULARIZATIONS)
