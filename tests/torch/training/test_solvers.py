from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from caffetools.torch.training.settings import SOLVER_TYPES, SolverSettings
from caffetools.torch.training.solver_base import Learnable
from caffetools.torch.training.solvers import SGD, SOLVERS, Adam, Nesterov

Row = NDArray[np.float64]
RATES = (0.1, 0.1, 0.02, 0.05)


def by_hand(w: Row, g: Row, h: list[Row], rate: float, t: int, s: SolverSettings) -> Row:
    """Caffe's update of one blob in plain NumPy; `h` are its histories, changed in place."""
    kind, m, delta = s.type, s.momentum, s.delta
    if kind == "SGD":
        h[0] = m * h[0] + rate * g
        return w - h[0]
    if kind == "Nesterov":
        old, h[0] = h[0], m * h[0] + rate * g
        return w - ((1 + m) * h[0] - m * old)
    if kind == "AdaGrad":
        h[0] = h[0] + g**2
        return w - rate * g / (np.sqrt(h[0]) + delta)
    if kind == "RMSProp":
        h[0] = s.rms_decay * h[0] + (1 - s.rms_decay) * g**2
        return w - rate * g / (np.sqrt(h[0]) + delta)
    if kind == "AdaDelta":
        h[0] = m * h[0] + (1 - m) * g**2
        u = g * np.sqrt((h[1] + delta) / (h[0] + delta))
        h[1] = m * h[1] + (1 - m) * u**2
        return w - rate * u
    h[0] = m * h[0] + (1 - m) * g
    h[1] = s.momentum2 * h[1] + (1 - s.momentum2) * g**2
    correction = float(np.sqrt(1 - s.momentum2**t)) / (1 - m**t)
    return w - rate * correction * h[0] / (np.sqrt(h[1]) + delta)


@pytest.mark.parametrize("regularization", ["L2", "L1"])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("SGD", {"momentum": 0.9}),
        ("SGD", {}),
        ("Nesterov", {"momentum": 0.9}),
        ("AdaGrad", {}),
        ("RMSProp", {"rms_decay": 0.98}),
        ("AdaDelta", {"momentum": 0.95, "delta": 1e-6}),
        ("Adam", {"momentum": 0.9, "momentum2": 0.99}),
    ],
)
def test_each_step_is_caffes(kind: str, options: dict[str, Any], regularization: str) -> None:
    """Four steps with a rate that changes, two blobs with multipliers of their own."""
    settings = SolverSettings(
        type=kind, weight_decay=0.1, regularization_type=regularization, **options
    )
    random = np.random.default_rng(0)
    mults = ((1.0, 1.0), (2.0, 0.0))
    rows = [random.normal(size=(3, 2)), random.normal(size=3)]
    tensors = [torch.tensor(row, dtype=torch.float32, requires_grad=True) for row in rows]
    blobs = [Learnable(tensor, *mult) for tensor, mult in zip(tensors, mults, strict=True)]
    solver = SOLVERS[kind](blobs, settings)
    histories = [[np.zeros_like(row) for _ in solver.names] for row in rows]
    for step, rate in enumerate(RATES):
        for i, tensor in enumerate(tensors):
            gradient = random.normal(size=rows[i].shape)
            tensor.grad = torch.tensor(gradient, dtype=torch.float32)
            lr_mult, decay_mult = mults[i]
            pull = rows[i] if regularization == "L2" else np.sign(rows[i])
            gradient = gradient + 0.1 * decay_mult * pull
            rate_here = rate * lr_mult
            rows[i] = by_hand(rows[i], gradient, histories[i], rate_here, step + 1, settings)
        solver.rate, solver.iteration = rate, step
        solver.step()
        for row, tensor in zip(rows, tensors, strict=True):
            np.testing.assert_allclose(tensor.detach().numpy(), row, rtol=2e-4, atol=2e-6)
    found = [history.numpy() for history in solver.histories()]
    wanted = [history[name] for name in range(len(solver.names)) for history in histories]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("kind", SOLVER_TYPES)
def test_what_is_frozen(kind: str) -> None:
    """Its weights stay; the decay alone goes into the history of those that have no rate in it."""
    settings = SolverSettings(type=kind, weight_decay=0.5)
    weight = torch.tensor([2.0], requires_grad=True)
    solver = SOLVERS[kind]([Learnable(weight, 0.0)], settings)
    solver.rate = 1.0
    for _ in range(2):
        solver.step()
    assert weight.tolist() == [2]
    in_history = {"AdaGrad": 1 + 1, "RMSProp": 0.01 * (1 + 0.99), "AdaDelta": 1, "Adam": 1}
    assert solver.histories()[0].tolist() == pytest.approx([in_history.get(kind, 0)])


@pytest.mark.parametrize("kind", ["SGD", "Nesterov"])
def test_what_is_frozen_goes_on_where_a_history_is_resumed(kind: str) -> None:
    """Caffe's v = 0.5 * v, though the rate is 0; Nesterov's step is 1.5 * 0.5 v - 0.5 v."""
    weight = torch.tensor([2.0], requires_grad=True)
    solver = SOLVERS[kind]([Learnable(weight, 0.0)], SolverSettings(type=kind, momentum=0.5))
    solver.restore([torch.tensor([1.0])])
    solver.step()
    assert weight.tolist() == [2 - (0.5 if kind == "SGD" else 0.25)]


def test_sgd_keeps_the_rate_in_its_history() -> None:
    """w = 1, g = 1: v = 0.1, then 0.9 * 0.1 + 0.01 * 1 = 0.1. PyTorch's would go 0.01 * 1.9."""
    weight = torch.ones(1, requires_grad=True)
    solver = SGD([Learnable(weight)], SolverSettings(momentum=0.9))
    for rate, expected in ((0.1, 1 - 0.1), (0.01, 1 - 0.1 - 0.1)):
        weight.grad = torch.ones(1)
        solver.rate = rate
        solver.step()
        assert float(weight.detach()) == pytest.approx(expected)


def test_nesterov_by_hand() -> None:
    """g = 1, rate 0.1, momentum 0.5: v = 0.1, update 1.5 * 0.1; v = 0.15, 1.5 * 0.15 - 0.05."""
    weight = torch.zeros(1, requires_grad=True)
    solver = Nesterov([Learnable(weight)], SolverSettings(momentum=0.5))
    solver.rate = 0.1
    for expected in (-0.15, -0.15 - 0.175):
        weight.grad = torch.ones(1)
        solver.step()
        assert float(weight.detach()) == pytest.approx(expected)


def test_adams_first_step_by_hand() -> None:
    """m = 0.1 g, v = 0.001 g^2: rate * sqrt(0.001) / 0.1 * 0.1 g / (sqrt(0.001) g + delta)."""
    weight = torch.zeros(1, requires_grad=True)
    solver = Adam([Learnable(weight)], SolverSettings(momentum=0.9, momentum2=0.999, delta=1e-3))
    solver.rate = 0.1
    weight.grad = torch.full((1,), 2.0)
    solver.step()
    root = 0.001**0.5
    expected = -0.1 * root / 0.1 * (0.1 * 2) / (root * 2 + 1e-3)
    assert float(weight.detach()) == pytest.approx(expected, rel=1e-5)


def test_all_types_are_there() -> None:
    assert tuple(SOLVERS) == SOLVER_TYPES
