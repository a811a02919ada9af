"""Curves of several runs: their charts, looks, and data for the script."""

from __future__ import annotations

import base64
import math
import struct

import pytest

from caffetools.check.parsed_log import ParsedLog
from caffetools.pages.curves import CurveChart, curve_charts, curve_data, marks, steps
from tests.pages.test_log_section import LINES, log

TESTING = "solver.cpp:337] Iteration 0, Testing net (#0)"


def charts(*logs: ParsedLog) -> dict[str, CurveChart]:
    return {chart.title: chart for chart in curve_charts([each.contents for each in logs])[1]}


def outputs(names: list[str]) -> ParsedLog:
    shown = [f"solver.cpp:404]     Test net output #{n}: {o} = 0.5" for n, o in enumerate(names)]
    return log(TESTING, *shown)


def rows(values: list[str]) -> ParsedLog:
    return log(*(f"solver.cpp:228] Iteration {n}, loss = {v}" for n, v in enumerate(values)))


def test_charts() -> None:
    found = charts(log(*LINES))
    assert list(found) == ["Loss", "Accuracy", "Learning rate"]
    assert {line.name: line.points for line in found["Loss"].lines()} == {
        "train loss": ((0, 2.5), (100, 1.25)),
        "test loss": ((0, 2.25),),
    }
    assert [(s.name, s.points) for s in found["Accuracy"].lines()] == [
        ("test accuracy", ((0, 0.125),))
    ]
    assert found["Learning rate"].is_rate
    assert found["Learning rate"].lines()[0].points == ((0, 0.1), (100, 0.05))


def test_runs_have_colours_and_outputs_dashes() -> None:
    again = [line for line in LINES if "Snapshot" not in line]
    runs, found = curve_charts([log(*LINES, *again).contents])
    assert runs == ["run 1", "run 2"]
    looks = [(curve.line.name, curve.line.colour, curve.line.dash) for curve in found[0].curves]
    assert sorted(looks) == [
        ("run 1: test loss", 0, 1),
        ("run 1: train loss", 0, 0),
        ("run 2: test loss", 1, 1),
        ("run 2: train loss", 1, 0),
    ]


def test_no_line_is_left_out() -> None:
    found = charts(outputs([f"o{n}" for n in range(40)]))["Outputs"]
    assert len(found.lines()) == 40
    assert len(found.lines(shown=True)) == 8
    assert [found.curves[n].line.colour for n in (0, 7, 8)] == [0, 7, 0]
    assert [found.curves[n].line.dash for n in (0, 7, 8, 16, 24)] == [0, 0, 1, 2, 0]


def test_tests_come_before_training_and_elements_of_vectors_last() -> None:
    found = charts(outputs(["a", "a", "a", "b"]))["Outputs"]
    assert [line.name for line in found.lines()] == [
        "test a[0]",
        "test b",
        "test a[1]",
        "test a[2]",
    ]
    found = charts(outputs(["acc class AP 1", "acc"]))["Accuracy"]
    assert [line.name for line in found.lines()] == ["test acc", "test acc class AP 1"]
    train = "solver.cpp:244]     Train net output #{}: l{} = 1 (* 1 = 1 loss)"
    found = charts(log(LINES[1], train.format(0, 0), train.format(1, 1), *LINES[4:7]))["Loss"]
    assert [line.name for line in found.lines()] == [
        *("train loss", "test loss", "train l0", "train l1"),
    ]


def test_a_rate_has_points_where_it_changes() -> None:
    lines = [f"sgd_solver.cpp:106] Iteration {n}, lr = {0.1 if n < 6 else 0.01}" for n in range(10)]
    made = log(
        *(
            line
            for n in range(10)
            for line in (f"solver.cpp:228] Iteration {n}, loss = 1", lines[n])
        )
    )
    (rate,) = charts(made)["Learning rate"].lines()
    assert rate.points == ((0, 0.1), (5, 0.1), (6, 0.01), (9, 0.01))


def test_a_line_that_ends_in_nan_says_since_when() -> None:
    (loss,) = charts(rows(["2", "nan", "1", "nan", "inf"]))["Loss"].lines()
    assert loss.name == "train loss (not finite from 3 on)"
    assert loss.points == ((0, 2), (2, 1))


def test_a_log_without_curves_has_no_charts() -> None:
    assert curve_charts([log("net.cpp:1] nothing").contents]) == ([], [])


def test_marks() -> None:
    found = marks([log(*LINES).contents])
    assert [(mark.x, mark.words.partition(":")[0]) for mark in found] == [(100, "snapshot at 100")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([7], [7, 1, 1]),
        ([0, 20, 40, 60], [0, 20, 4]),
        ([0, 20, 40, 41, 43], [0, 20, 3, 41, 2, 2]),
    ],
)
def test_steps(values: list[float], expected: list[float]) -> None:
    assert steps(values) == expected
    triples = zip(expected[::3], expected[1::3], expected[2::3], strict=True)
    assert [start + n * step for start, step, count in triples for n in range(int(count))] == values


def test_the_data_has_every_value() -> None:
    runs, found = curve_charts([rows([str(math.sin(n)) for n in range(3000)]).contents])
    data = curve_data(runs, found, [])
    line = data["charts"][0]["lines"][0]
    assert (line["name"], line["run"], line["shown"]) == ("train loss", 0, True)
    assert line["x"] == [0, 1, 3000]
    values = struct.unpack("<3000f", base64.b64decode(line["y"]))
    assert values == pytest.approx([math.sin(n) for n in range(3000)], abs=1e-5)
