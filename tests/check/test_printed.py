"""How the Caffe of a log prints shapes."""

from __future__ import annotations

import pytest

from caffetools.check.printed import Printed
from caffetools.log.age import Age
from tests.logs import NET, lines, read

FORK = Age(fork="odd")


def printed(*shapes: str, age: Age = FORK) -> Printed:
    texts = (text for shape in shapes for text in ("Creating Layer a", "a -> a", shape))
    return Printed(read(lines(*texts, place=NET)).nets[0], age)


@pytest.mark.parametrize(
    ("logged", "shape", "found", "expected"),
    [
        (("Top shape: 2 3 (6)",), (2, 3), (2, 3), (2, 3)),
        (("Top shape: 2 3 1 1 (6)",), (2, 3), (2, 3, 1, 1), (2, 3, 1, 1)),
        (("Top shape: 3 1 1",), (2, 3), (3, 1, 1), (3, 1, 1)),
        (("Top shape: 2 (2)", "Top shape: 2 3 1 1 (6)"), (2, 3), (2, 3, 1, 1), (2, 3, 1, 1)),
    ],
    ids=["since March 2015", "before", "before March 2014", "an engine of Intel's"],
)
def test_forms(
    logged: tuple[str, ...], shape: tuple[int, ...], found: tuple[int, ...], expected: object
) -> None:
    assert printed(*logged).expected(shape, found) == expected


def test_only_forks_mix_forms() -> None:
    logged = ("Top shape: 2 (2)", "Top shape: 2 3 1 1 (6)")
    assert printed(*logged, age=Age()).expected((2, 3), (2, 3, 1, 1)) == (2, 3)


def test_open_axes_have_the_printed_extent() -> None:
    form = printed("Top shape: 2 3 (6)")
    assert form.expected((2, 3, 4), (2, 7, 9), {1}) == (2, 7, 4)
    assert form.expected((2, 3), (2, 7, 9), {1, 5}) == (2, 7)
    without_batch = printed("Top shape: 3 8 8")
    assert without_batch.expected((2, 3, 8, 8), (1, 8, 8), {1}) == (1, 8, 8)
