"""How lines of a figure look and are called."""

from __future__ import annotations

import pytest

from caffetools.figures.looks import legend_entries, line_looks, line_words, short
from caffetools.figures.panels import Line, Panel
from caffetools.log.series import Key, Kind, Series


def line(
    run: int = 0,
    net: int | None = None,
    kind: Kind = "output",
    name: str = "v",
    element: int | None = None,
    points: int = 3,
) -> Line:
    return Line(Series(Key(0, net, kind, name, element)), run, f"run {run}", [0.0] * points)


def test_what_lines_tell_has_colours() -> None:
    loss, test, rate = line_looks(
        Panel("", [line(name="loss"), line(net=0, name="loss"), line(kind="rate")]), False
    )
    assert len({look["color"] for look in (loss, test, rate)}) == 3
    assert {look["linestyle"] for look in (loss, test, rate)} == {"-"}
    assert test["marker"]
    assert not loss["marker"]


def test_runs_that_are_overlaid_have_colours_and_what_they_tell_has_dashes() -> None:
    lines = [line(run, net) for run in (0, 1) for net in (None, 0)]
    looks = line_looks(Panel("", lines), True)
    assert [look["color"] for look in looks[::2]] == [look["color"] for look in looks[1::2]]
    assert looks[0]["color"] != looks[2]["color"]
    assert [look["linestyle"] for look in looks[:2]] == [look["linestyle"] for look in looks[2:]]
    assert looks[0]["linestyle"] != looks[1]["linestyle"]


def test_many_points_have_no_markers() -> None:
    looks = line_looks(Panel("", [line(net=0, points=60), line(net=1, points=61)]), False)
    assert [bool(look["marker"]) for look in looks] == [True, False]


@pytest.mark.parametrize(("size", "names"), [(6, 6), (7, 1)])
def test_the_numbers_of_a_long_vector_are_alike(size: int, names: int) -> None:
    panel = Panel("", [line(element=i) for i in range(size)])
    assert len(set(legend_entries(panel))) == names
    assert len({look["color"] for look in line_looks(panel, False)}) == names


@pytest.mark.parametrize(
    ("told", "is_whole", "words"),
    [
        (line(kind="total", name=""), False, "train loss"),
        (line(net=0, name="accuracy"), False, "test accuracy"),
        (line(net=2, name="accuracy"), False, "test 2 accuracy"),
        (line(element=3), False, "train v[3]"),
        (line(element=3), True, "train v"),
    ],
)
def test_words(told: Line, is_whole: bool, words: str) -> None:
    assert line_words(told, is_whole=is_whole) == words


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a  b\t", "a b\\t"), ("x" * 38, "x" * 38), ("a" * 30 + "b" * 30, "a" * 19 + "…" + "b" * 19)],
)
def test_short(name: str, expected: str) -> None:
    assert short(name) == expected
