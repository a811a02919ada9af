"""The rows of a curve, one by one and in columns."""

from __future__ import annotations

import pytest

from caffetools.log.rows import Part, Speeds

PART = Part(
    [0, 10],
    ["--07-21T10:00:00", None],
    [0.0, None],
    [1.5, None],
    [0.1, 0.2],
    [None, 8.0],
    ("v", "w", "v"),
    [[1.0, 2.0], [3.0, 4.0], [5.0, None]],
)


def test_outputs_are_in_the_order_in_which_they_are_told() -> None:
    assert PART.outputs == {"v": [[1, 2], [5, None]], "w": [[3, 4]]}


def test_rows() -> None:
    assert list(PART.rows()) == [
        (0, "--07-21T10:00:00", 0.0, 1.5, 0.1, None, {"v": [1, 5], "w": [3]}),
        (10, None, None, None, 0.2, 8.0, {"v": [2, None], "w": [4]}),
    ]
    nothing_told = PART._replace(names=(), numbers=[])
    assert [row.outputs for row in nothing_told.rows()] == [{}, {}]


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 1), (1, 2), (0, 2)])
def test_some(start: int, stop: int) -> None:
    assert list(PART.some(start, stop).rows()) == list(PART.rows())[start:stop]


@pytest.mark.parametrize(
    ("iterations", "seconds", "told", "expected"),
    [
        ([0, 20], [1.0, 5.0], [None, None], [None, 20 / 4]),
        ([0, 20], [1.0, 5.0], [None, 7.5], [None, 7.5]),
        ([20, 0], [1.0, 5.0], [None, None], [None, None]),
        ([0, 20], [5.0, 5.0], [None, None], [None, None]),
        ([0, 20, 40], [1.0, None, 9.0], [None] * 3, [None] * 3),
        ([], [], [], []),
    ],
)
def test_speeds(
    iterations: list[int],
    seconds: list[float | None],
    told: list[float | None],
    expected: list[float | None],
) -> None:
    assert Speeds().of(iterations, seconds, told) == expected


def test_speeds_go_on_from_part_to_part() -> None:
    speeds = Speeds()
    assert speeds.of([0], [0.0], [None]) == [None]
    assert speeds.of([], [], []) == []
    assert speeds.of([30], [2.0], [None]) == [30 / 2]
