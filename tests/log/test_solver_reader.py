from __future__ import annotations

import math

import pytest

from caffetools.log.curve_columns import Row
from tests.logs import SGD, SOLVER, line, lines, read, train_log

NAN = math.nan


def train(text: str) -> list[Row]:
    return list(read(text).train.rows())


def told(row: Row) -> tuple[int, float | None, float | None, dict[str, list[float | None]]]:
    return row.iteration, row.loss, row.lr, row.outputs


def test_loss_outputs_and_rate_of_one_iteration() -> None:
    first, second = train(train_log(range(0, 40, 20)))
    assert told(first) == (0, 0.5, 0.01, {"v": [0, 0], "loss": [0.25]})
    assert told(second) == (20, 20.5, 0.01, {"v": [20, -20], "loss": [20.25]})
    assert (first.time, second.seconds) == ("--07-21T10:00:00.250000", 1.0)


def test_through_v0_999_the_rate_comes_first() -> None:
    rows = train(
        lines(
            "Iteration 100, lr = 0.001",
            "Iteration 100, loss = 1.73643",
            "Iteration 200, lr = 0.0005",
            "Iteration 200, loss = 1.5",
        )
    )
    assert [told(row)[:3] for row in rows] == [(100, 1.73643, 0.001), (200, 1.5, 0.0005)]


def test_a_rate_is_of_its_own_iteration_alone() -> None:
    rows = train(lines("Iteration 0, loss = 3", "Iteration 10, lr = 0.5", "Iteration 20, loss = 2"))
    assert [told(row)[:3] for row in rows] == [(0, 3, None), (10, None, 0.5), (20, 2, None)]


@pytest.mark.parametrize(
    ("text", "loss", "speed"),
    [
        ("Iteration 10, loss = 2.5", 2.5, None),
        ("Iteration 10 (8.1 iter/s, 12.3s/100 iters), loss = 2.5", 2.5, 8.1),
        ("    [0.0] Iteration 10 (8.1 iter/s, 12s/9 iter), 1.2/90ep, loss = 2.5", 2.5, 8.1),
        ("[0] Iteration 10 (3.4 s), loss = 2.5", 2.5, None),
        ("Iteration10, loss=2.5", 2.5, None),
        ("Iteration 10, loss = 1.5e-07", 1.5e-07, None),
        ("Iteration 10, loss = -inf", -math.inf, None),
        ("Iteration 10, loss = 1.#INF", math.inf, None),
    ],
)
def test_forms_of_the_loss(text: str, loss: float, speed: float | None) -> None:
    first = line("Iteration 0 (2e+37 iter/s, 1s/10 iters), loss = 9")
    row = train(line("Solving") + first + line(text))[1]
    assert (row.iteration, row.loss, row.speed) == (10, loss, speed)


@pytest.mark.parametrize("text", ["nan", "-nan", "1.#QNAN", "-1.#IND", "nan(ind)"])
def test_not_a_number_is_one(text: str) -> None:
    row = train(line(f"Iteration 1, loss = {text}") + line(f"    Train net output #0: v = {text}"))[
        0
    ]
    assert row.loss is not None
    assert row.outputs["v"][0] is not None
    assert math.isnan(row.loss)
    assert math.isnan(row.outputs["v"][0])


def test_the_speed_is_told_or_follows_from_the_times() -> None:
    speeds = [row.speed for row in train(line("Solving") + train_log(range(0, 80, 20)))]
    assert speeds == [None, 20, 20, 20]
    text = "Iteration {} ({} iter/s, 1s/10 iters), loss = 1"
    rows = train(lines("Solving", text.format(0, 2e37), text.format(10, 7), text.format(5, 2e9)))
    assert [row.speed for row in rows] == [None, 7, 2e9]


def test_names_may_hold_what_they_like() -> None:
    row = train(
        lines(
            "Iteration 0, loss = 1",
            "    Train net output #0: a = b = 2 (* 0.3 = 0.6 loss)",
            "    Train net output #1: loss3/top-1 = 0.25",
            "    Train net output #2: (* = 3",
        )
    )[0]
    assert row.outputs == {"a = b": [2], "loss3/top-1": [0.25], "(*": [3]}


def test_notes_behind_a_line_are_left_out() -> None:
    log = lines("Iteration 0, loss = 1 <- here", "    Train net output #0: v = 2, the first")
    assert told(train(log)[0]) == (0, 1, None, {"v": [2]})


def test_lines_that_stand_twice_tell_once() -> None:
    text = train_log(range(0, 60, 20))
    doubled = "".join(2 * one for one in text.splitlines(keepends=True))
    assert [told(row) for row in train(doubled)] == [told(row) for row in train(text)]


TESTS = lines(
    "Iteration 100, Testing net (#0)",
    "    Test net output #0: accuracy = 0.5",
    "    Test net output #1: loss = 1.5 (* 2 = 3 loss)",
    "Iteration 100, Testing net (#1)",
    "Test loss: 0.75",
    "    Test net output #0: v = 1",
    "    Test net output #1: v = 2",
    "    Test net output #2: v = nan",
    "Iteration 100, loss = 9",
    "    Train net output #0: loss = 9",
)


def test_several_test_nets() -> None:
    contents = read(TESTS)
    assert list(contents.tests) == [0, 1]
    (first,), (second,) = (list(curve.rows()) for curve in contents.tests.values())
    assert told(first) == (100, None, None, {"accuracy": [0.5], "loss": [1.5]})
    assert (second.loss, second.outputs["v"][:2], len(second.outputs["v"])) == (0.75, [1, 2], 3)
    assert contents.tests[0].weights() == {"loss": 2}
    assert told(next(contents.train.rows())) == (100, 9, None, {"loss": [9]})


@pytest.mark.parametrize(
    ("texts", "iteration", "outputs"),
    [
        (
            ("Iteration 500, Testing net", "Test score #0: 0.55", "Test score #1: 1.2"),
            500,
            {"score": [0.55, 1.2]},
        ),
        (("Iteration 7, loss = 1", "Testing net", "Test score #0: 0.5"), 7, {"score": [0.5]}),
        (
            (
                "Iteration 7, Testing net (#0)",
                "class AP 1: 0.25",
                "class AP 2: 0.75",
                "Test net output mAP #0: eval = 0.5",
            ),
            7,
            {"eval class AP 1": [0.25], "eval class AP 2": [0.75], "eval": [0.5]},
        ),
        (
            ("Iteration 7, Testing net (#0)", "class1: 0.25", "    Test net output #0: eval = 1"),
            7,
            {"eval class AP 1": [0.25], "eval": [1]},
        ),
        (
            (
                "Iteration 7, Testing net (#0)",
                *("class2: 0.25", "    Test net output #0: eval = 1"),
                *("class2: 0.3", "    Test net output #0: eval = 3"),  # of another GPU
                *("class1: 0.5", "class2: 0.75", "    Test net output #1: eval2 = 2"),
            ),
            7,
            {
                "eval class AP 2": [0.25],
                "eval": [1],
                "eval2 class AP 1": [0.5],
                "eval2 class AP 2": [0.75],
                "eval2": [2],
            },
        ),
        (("Iteration 7, Testing net (#0)", "    (0)    Test net output #0: a = 1"), 7, {"a": [1]}),
    ],
    ids=[
        "v0.9",
        "winter of 2013",
        "NVCaffe's detector",
        "SSD's",
        "two layers that evaluate",
        "NVCaffe's device",
    ],
)
def test_tests_of_other_ages(
    texts: tuple[str, ...], iteration: int, outputs: dict[str, list[float]]
) -> None:
    row = next(read(lines(*texts)).tests[0].rows())
    assert (row.iteration, row.outputs) == (iteration, outputs)


def test_a_test_that_tells_nothing_is_no_row() -> None:
    assert read(lines("Iteration 100, Testing net (#0)", "Test interrupted.")).tests == {}


def test_outputs_without_their_head_are_left_out() -> None:
    contents = read(lines("    Train net output #0: a = 1", "    Test net output #0: b = 1"))
    assert (len(contents.train), contents.tests) == (0, {})


def test_epochs_are_told() -> None:
    log = lines("Iteration 10 (1 s), 0.5/90ep, loss = 1", "Iteration 20 (1 s), 1/90ep, loss = 1")
    assert read(log).epoch == (20, 1.0)
    assert read(train_log(range(3))).epoch is None


def test_what_is_found_at_once_is_what_is_found_line_by_line() -> None:
    """After eight iterations their form is known: those behind are found at once."""
    regular = train_log(range(0, 60 * 20, 20))
    odd = line("Data layer prefetch queue empty", "blocking_queue.cpp:50")
    one_by_one = "".join(
        odd + one if "lr =" in one else one for one in regular.splitlines(keepends=True)
    )
    at_once, slowly = read(regular), read(one_by_one)
    assert len(at_once.train) == 60
    assert list(at_once.train.rows()) == list(slowly.train.rows())


def test_the_form_may_change_in_the_middle() -> None:
    first = train_log(range(0, 400, 20))
    second = first.replace("#2: loss", "#2: cost").replace("Iteration ", "Iteration 1000")
    rows = train(first + second + first)
    assert len(rows) == 60
    assert ["cost" in row.outputs for row in rows] == [False] * 20 + [True] * 20 + [False] * 20


def test_the_rate_line_may_be_another_files() -> None:
    row = train(line("Iteration 5, loss = 1", SOLVER) + line("Iteration 5, lr = 2", SGD))[0]
    assert told(row)[:3] == (5, 1, 2)
