from __future__ import annotations

import math
from typing import Any

import pytest

from caffetools.torch.training.glog_writer import number
from caffetools.torch.training.rates import Schedule, power
from caffetools.torch.training.settings import POLICIES, SolverSettings


def schedule(policy: str, **options: Any) -> Schedule:
    return Schedule(SolverSettings(base_lr=0.5, lr_policy=policy, **options))


@pytest.mark.parametrize(
    ("policy", "options", "iteration", "expected"),
    [
        ("fixed", {}, 1000, 0.5),
        ("step", {"gamma": 0.1, "stepsize": 10}, 9, 0.5),
        ("step", {"gamma": 0.1, "stepsize": 10}, 25, 0.5 * 0.1**2),
        ("exp", {"gamma": 0.9}, 3, 0.5 * 0.9**3),
        ("inv", {"gamma": 0.01, "power": 0.75}, 100, 0.5 * (1 + 0.01 * 100) ** -0.75),
        ("poly", {"power": 2.0, "max_iter": 200}, 50, 0.5 * (1 - 50 / 200) ** 2),
        ("poly", {"power": 1.0, "max_iter": 200}, 200, 0.0),
        ("sigmoid", {"gamma": 0.05, "stepsize": 100}, 100, 0.5 / 2),
        ("sigmoid", {"gamma": -0.05, "stepsize": 100}, 140, 0.5 / (1 + math.exp(0.05 * 40))),
        # NVIDIA's: a parabola up to base_lr, and a floor.
        ("fixed", {"rampup_interval": 10, "rampup_lr": 0.1}, 5, 0.1 + (0.5 - 0.1) * 0.5**2),
        ("fixed", {"rampup_interval": 10}, 0, 0.0),
        ("fixed", {"rampup_interval": 10}, 10, 0.5),
        ("exp", {"gamma": 0.5, "min_lr": 0.01}, 100, 0.01),
        ("poly", {"power": 1.0, "max_iter": 4, "min_lr": 0.1}, 2, (0.5 - 0.1) * 0.5 + 0.1),
    ],
)
def test_rate(policy: str, options: dict[str, Any], iteration: int, expected: float) -> None:
    assert schedule(policy, **options).rate(iteration, 0.0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("policy", "options", "iteration", "shown"),
    [
        # Printed by Caffe; with the formulas in double, the last digit is one more.
        ("sigmoid", {"gamma": 0.1, "stepsize": 30}, 16, "0.0098908"),
        ("sigmoid", {"gamma": 0.1, "stepsize": 30}, 17, "0.0107082"),
    ],
)
def test_rates_are_rounded_as_caffes(
    policy: str, options: dict[str, Any], iteration: int, shown: str
) -> None:
    given = SolverSettings(base_lr=0.05, lr_policy=policy, **options).in_single_precision()
    assert number(Schedule(given).rate(iteration, 0.0)) == shown


def test_multistep_passes_one_value_in_each_iteration() -> None:
    given = schedule("multistep", gamma=0.5, stepvalue=(2, 3))
    assert [given.rate(i, 0.0) for i in range(5)] == [0.5, 0.5, 0.25, 0.125, 0.125]
    assert given.messages == [
        "MultiStep Status: Iteration 2, step = 1",
        "MultiStep Status: Iteration 3, step = 2",
    ]
    # Two values at once take two iterations.
    given = schedule("multistep", gamma=0.5, stepvalue=(1, 1))
    assert [given.rate(i, 0.0) for i in range(4)] == [0.5, 0.25, 0.125, 0.125]


def test_multistep_goes_on_from_a_step() -> None:
    given = schedule("multistep", gamma=0.5, stepvalue=(2, 30))
    given.current_step = 1
    assert given.rate(20, 0.0) == 0.25


def test_plateau_lowers_the_rate_where_the_loss_stays() -> None:
    given = schedule("plateau", gamma=0.1, plateau_winsize=(2, 3))
    losses = [5.0, 4.0, 4.5, 4.5, 4.5, 4.5, 4.5, 4.5, 4.5]
    rates = [given.rate(i, loss) for i, loss in enumerate(losses)]
    # The minimum of iteration 1 is not passed by 1 + 2 = 3, then not by 3 + 3 = 6.
    assert rates == pytest.approx([0.5] * 3 + [0.05] * 3 + [0.005] * 3)
    assert given.messages == [
        "Plateau Status: Iteration 3, step = 1",
        "Plateau Status: Iteration 6, step = 2",
    ]
    assert (given.minimum_loss, given.iter_last_event) == (4.0, 6)


def test_plateau_tells_a_new_minimum_when_the_loss_is_shown() -> None:
    """Where there was one, or a lower rate, since it was shown before (SSD's sgd_solver.cpp)."""
    given = schedule("plateau", gamma=0.1, plateau_winsize=(9,), display=2)
    for i, loss in enumerate([5.0, 1.25, 6.0, 6.0, 6.0]):
        given.rate(i, loss)
    assert given.messages == [
        "Plateau Status: Iteration 0, current minimum_loss = 5",
        "Plateau Status: Iteration 2, current minimum_loss = 1.25",
    ]


def test_plateau_begins_again_at_each_minimum() -> None:
    given = schedule("plateau", gamma=0.1, plateau_winsize=(2,))
    assert [given.rate(i, 10.0 - i) for i in range(8)] == [0.5] * 8


@pytest.mark.parametrize(
    ("base", "exponent", "expected"),
    [(2, 3, 8), (2.0, 1e6, math.inf), (0, -1, math.inf), (0.5, 1e9, 0.0)],
)
def test_power(base: float, exponent: float, expected: float) -> None:
    assert power(base, exponent) == expected


def test_power_of_what_has_none_is_nan() -> None:
    assert math.isnan(power(-1.5, 0.5))


def test_what_is_left_of_a_run_is_a_float() -> None:
    """1 - 449,999 / 450,000 = 1 / 450,000, but for a float a multiple of 2^-24: 37 of them."""
    given = schedule("poly", power=1.0, max_iter=450_000)
    assert given.rate(449_999, 0.0) == 0.5 * 37 / 2**24
    settings = SolverSettings(base_lr=0.05, lr_policy="poly", power=2.0, max_iter=200)
    # Caffe's log has 4.99999e-06 here, and not 0.05 * (1 - 198 / 200)^2 = 5e-06.
    assert number(Schedule(settings.in_single_precision()).rate(198, 0.0)) == "4.99999e-06"


def test_gamma_is_the_float_that_caffe_holds() -> None:
    """0.9999 is nearest to 16775538 / 2^24: 0.7 % less after 450,000 powers."""
    settings = SolverSettings(base_lr=0.5, lr_policy="exp", gamma=0.9999).in_single_precision()
    expected = 0.5 * (16775538 / 2**24) ** 450_000
    assert Schedule(settings).rate(450_000, 0.0) == pytest.approx(expected, rel=1e-9)
    assert abs(0.5 * 0.9999**450_000 / expected - 1) > 0.005


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_is_handled(policy: str) -> None:
    given = {"gamma": 0.5, "stepsize": 1, "stepvalue": (1,), "plateau_winsize": (1,)}
    assert schedule(policy, max_iter=9, power=1.0, **given).rate(1, 1.0) >= 0


def test_a_forgotten_policy_is_an_error() -> None:
    """It does not train at a fixed rate, silently."""
    with pytest.raises(NotImplementedError, match="no learning rate for lr_policy 'cosine'"):
        schedule("cosine").rate(0, 0.0)
