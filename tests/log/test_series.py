"""Runs and resumed runs."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.log import curve as curves
from caffetools.log.curve import Curve, Point
from caffetools.log.series import (
    Key,
    Series,
    curve_series,
    is_loss,
    joined,
    log_series,
    run_rows,
    segments,
)
from tests.logs import SOLVER, line, lines, read, train_log


def test_a_resumed_run_replaces_what_it_tells_again() -> None:
    curve = Curve()
    curve.restores.append(3)
    iterations = array("q", [0, 10, 20, 10, 20, 30])
    found = segments(curve, iterations)
    assert [(part.start, part.stop, part.run, part.resumed) for part in found] == [
        (0, 3, 0, False),
        (3, 6, 0, True),
    ]
    assert joined(found, iterations) == {0: [range(1), range(3, 6)]}


def test_a_start_is_another_run() -> None:
    curve = Curve()
    curve.starts.extend([0, 2])
    assert [part.run for part in segments(curve, array("q", [0, 10, 0, 10]))] == [0, 1]


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
    total, rate = curve_series(read(lines(*texts)).train)
    assert (list(total.iterations), list(rate.iterations)) == ([0, 2], [1])
    assert math.isnan(total.values[1])


def test_an_accuracy_whose_name_holds_loss_is_no_loss() -> None:
    texts = [
        "Iteration 0, Testing net (#0)",
        "    Test net output #0: loss1/top-1 = 0.5",
        "    Test net output #1: loss1 = 2 (* 0.3 = 0.6 loss)",
    ]
    kinds = {one.key.name: one.key.kind for one in log_series(read(lines(*texts)))}
    assert kinds == {"loss1/top-1": "output", "loss1": "loss"}


@pytest.mark.parametrize(
    ("name", "weights", "expected"),
    [
        ("loss1/top-1", {}, False),
        ("loss3/top-5", {}, False),
        ("loss_accuracy", {}, False),
        ("loss1/loss1", {}, True),
        ("loss", {"other": 1.0}, False),
        ("top-1", {"top-1": 1.0}, True),
    ],
)
def test_is_loss(name: str, weights: dict[str, float], *, expected: bool) -> None:
    assert is_loss(name, weights) is expected


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
        Key(0, 1, "output", "accuracy", None),
    ]


@pytest.mark.parametrize(
    ("values", "window", "expected"),
    [
        ([1, 2, 3, 4], 1, [1, 2, 3, 4]),
        ([1, 2, 3, 4], 2, [1, 1.5, 2.5, 3.5]),  # (1 + 2) / 2, (2 + 3) / 2, (3 + 4) / 2
        ([1, math.nan, 3, math.inf], 2, [1, None, 2, None]),  # (1 + 3) / 2
        ([], 3, []),
    ],
)
def test_smoothed(values: list[float], window: int, expected: list[float | None]) -> None:
    key = Key(0, None, "total", "", None)
    found = Series(key, values=array("d", values)).smoothed(window)
    assert [None if math.isnan(value) else value for value in found] == expected


@given(
    st.lists(st.integers(0, 9), max_size=12),
    st.sets(st.integers(0, 12)),
    st.sets(st.integers(0, 12)),
    st.sampled_from([1, 3, 4096]),
)
def test_parts_of_any_size_give_the_rows_that_are_kept(
    iterations: list[int], starts: set[int], restores: set[int], size: int
) -> None:
    curve = Curve()
    curve.starts.extend(row for row in sorted(starts) if row <= len(iterations))
    curve.restores.extend(row for row in sorted(restores) if row <= len(iterations))
    for row, iteration in enumerate(iterations):
        curve.append(Point(str(iteration), loss=str(row)))
    told = curve.iterations()
    runs = joined(segments(curve, told), told)
    expected = sorted((row, run) for run, parts in runs.items() for rows in parts for row in rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "_PART", size)
        assert [(row.loss, run) for run, row in run_rows(curve)] == expected
