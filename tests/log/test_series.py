"""The series of a log."""

from __future__ import annotations

import math
from array import array

import pytest

from caffetools.log.series import Key, Series, log_series
from tests.logs import SOLVER, line, lines, read, train_log


def test_the_numbers_of_training() -> None:
    found = {series.key: series for series in log_series(read(train_log(range(0, 30, 10))))}
    assert {key: list(series.values) for key, series in found.items()} == {
        Key(0, None, "total", "", None): [0.5, 10.5, 20.5],
        Key(0, None, "rate", "", None): [0.01, 0.01, 0.01],
        Key(0, None, "output", "v", 0): [0, 10, 20],
        Key(0, None, "output", "v", 1): [0, -10, -20],
        Key(0, None, "loss", "loss", None): [0.25, 10.25, 20.25],
    }
    for series in found.values():
        assert list(series.iterations) == [0, 10, 20]
        assert [after - series.seconds[0] for after in series.seconds] == [0, 1, 2]


def test_what_is_not_told_has_no_point() -> None:
    texts = ["Iteration 0, loss = 1", "Iteration 1, lr = 0.5", "Iteration 2, loss = nan"]
    total, rate = log_series(read(lines(*texts)))
    assert (list(total.iterations), list(rate.iterations)) == ([0, 2], [1])
    assert math.isnan(total.values[1])


def test_an_accuracy_whose_name_holds_loss_is_no_loss() -> None:
    texts = [
        "Iteration 0, Testing net (#0)",
        "    Test net output #0: loss1/top-1 = 0.5",
        "    Test net output #1: loss1 = 2 (* 0.3 = 0.6 loss)",
    ]
    kinds = {one.key.name: one.key.kind for one in log_series(read(lines(*texts)))}
    assert kinds == {"loss1/top-1": "accuracy", "loss1": "loss"}


def test_a_resumed_run_is_one_and_another_start_is_another() -> None:
    restored = line("Restoring previous solver status from x.solverstate", SOLVER)
    log = train_log(range(3)) + restored + train_log(range(2, 5), 30)
    log += line("Solving x", SOLVER) + train_log(range(2), 50)
    totals = [series for series in log_series(read(log)) if series.key.kind == "total"]
    assert [(series.key.run, list(series.iterations)) for series in totals] == [
        (0, [0, 1, 2, 3, 4]),
        (1, [0, 1]),
    ]


def test_nets_and_losses_without_a_weight() -> None:
    texts = [
        *("Iteration 5, Testing net (#1)", "    Test net output #0: my_Loss = 2"),
        "    Test net output #1: accuracy = 0.5",
    ]
    found = log_series(read(lines(*texts)))
    assert [series.key for series in found] == [
        Key(0, 1, "loss", "my_Loss", None),
        Key(0, 1, "accuracy", "accuracy", None),
    ]


@pytest.mark.parametrize(
    ("values", "window", "expected"),
    [
        ([1, 2, 3, 4], 1, [1, 2, 3, 4]),
        ([1, 2, 3, 4], 2, [1, 1.5, 2.5, 3.5]),  # (1 + 2) / 2, (2 + 3) / 2, (3 + 4) / 2
        ([1, 2, 3, 4], 3, [1.5, 2, 3, 3.5]),  # (1 + 2) / 2, (1 + 2 + 3) / 3, ...
        ([1, math.nan, 3, math.inf], 2, [1, None, 2, None]),  # (1 + 3) / 2
        ([], 3, []),
    ],
)
def test_smoothed(values: list[float], window: int, expected: list[float | None]) -> None:
    key = Key(0, None, "total", "", None)
    found = Series(key, values=array("d", values)).smoothed(window)
    assert [None if math.isnan(value) else value for value in found] == expected
