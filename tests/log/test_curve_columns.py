"""The rows of a curve, one by one and in columns."""

from __future__ import annotations

import math

import pytest

from caffetools.log.curve_columns import Column, Part, Speeds, number

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6.91801", 6.91801),
        ("1.5e-07", 1.5e-07),
        ("-0", -0.0),
        ("nan", NAN),
        ("-nan", NAN),
        ("inf", INF),
        ("-inf", -INF),
        ("1.#QNAN", NAN),
        ("-1.#IND", NAN),
        ("1.#INF", INF),
        ("-1.#INF00", -INF),
        ("nan(ind)", NAN),
        ("", None),
        ("conv1", None),
        ("1_000", None),
        ("1.#", None),
    ],
)
def test_numbers_as_c_prints_them(text: str, value: float | None) -> None:
    found = number(text)
    assert (found is None) == (value is None)
    assert found == value or (found is not None and math.isnan(found) and math.isnan(value or 0))


def test_many_numbers_one_by_one() -> None:
    column = Column()
    for i in range(10_000):
        column.append(str(i))
    assert list(column) == list(map(str, range(10_000)))
    assert len(column) == 10_000


PART = Part(
    [0, 10],
    ["--07-21T10:00:00", None],
    [0.0, None],
    "1.5\n",
    "0.1\n0.2",
    "\n8",
    ("v", "w", "v"),
    ["1\n2", "3\n4", "5\n"],
)


def test_outputs_are_in_the_order_in_which_they_are_told() -> None:
    assert PART.outputs == {"v": ["1\n2", "5\n"], "w": ["3\n4"]}


def test_rows() -> None:
    assert list(PART.rows()) == [
        (0, "--07-21T10:00:00", 0.0, 1.5, 0.1, None, {"v": [1, 5], "w": [3]}),
        (10, None, None, None, 0.2, 8.0, {"v": [2, None], "w": [4]}),
    ]
    nothing_told = PART._replace(names=(), values=[])
    assert [row.outputs for row in nothing_told.rows()] == [{}, {}]


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (1, 2), (0, 2)])
def test_some(start: int, stop: int) -> None:
    assert list(PART.sliced(start, stop).rows()) == list(PART.rows())[start:stop]


@pytest.mark.parametrize(
    ("iterations", "seconds", "logged", "expected"),
    [
        # 20 / 4 and 20 / 0.7; numbers that are logged come first.
        ([0, 20, 40], [1.0, 5.0, 5.7], "\n\n", ["", "5", "28.5714"]),
        ([20, 40], [1.0, 5.0], "\n7.5", ["20", "7.5"]),
        ([20, 40], [0.5, 1.2], "\n", ["40", "28.5714"]),
        ([20, 0], [1.0, 5.0], "\n", ["20", ""]),
        ([0, 20], [5.0, 5.0], "\n", ["", ""]),
        ([0, 20, 40], [1.0, None, 9.0], "\n\n", [""] * 3),
    ],
)
def test_speeds(
    iterations: list[int],
    seconds: list[float | None],
    logged: str,
    expected: list[str],
) -> None:
    speeds = Speeds()
    speeds.of([0], [0.0], "")
    assert speeds.of(iterations, seconds, logged) == expected


def test_speeds_go_on_from_part_to_part() -> None:
    speeds = Speeds()
    assert speeds.of([0], [0.0], "") == [""]
    assert speeds.of([30], [2.0], "") == [f"{30 // 2}"]
