"""How lines of a figure look and are called."""

from __future__ import annotations

import pytest

from caffetools.drawing.style import INK, LINES
from caffetools.figures.looks import (
    legend_entries,
    legend_looks,
    line_looks,
    line_words,
    run_colour,
    short,
)
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


def test_a_line_of_a_test_net_has_at_most_40_markers() -> None:
    (look,) = line_looks(Panel("", [line(net=0, points=100)]), False)
    assert (bool(look["marker"]), look["markevery"]) == (True, 5)  # 100 / 20


@pytest.mark.parametrize("is_overlaid", [False, True])
def test_many_lines_differ(is_overlaid: bool) -> None:
    """Colours, then dashes; of overlaid runs, whose colours are the runs', dashes and markers."""
    looks = line_looks(Panel("", [line(net=0, name=f"a{i}") for i in range(20)]), is_overlaid)
    seen = {(look["color"], str(look["linestyle"]), look["marker"]) for look in looks}
    assert len(seen) == 20


def test_the_score_of_one_class_is_thin() -> None:
    lines = [line(net=0, name=name) for name in ("ap class AP 3", "ap")]
    assert [look["linewidth"] for look in line_looks(Panel("", lines), False)] == [0.6, 1.5]


def test_many_runs_have_colours_of_their_own() -> None:
    assert len({run_colour(number) for number in range(3 * len(LINES))}) == 3 * len(LINES)
    assert run_colour(0) == LINES[0]


def test_overlaid_runs_share_the_names_of_their_lines() -> None:
    panel = Panel("", [line(run, net) for run in (0, 1) for net in (None, 0)])
    named = legend_looks(panel, True)
    assert list(named) == ["train v", "test v"]
    assert {look["color"] for look in named.values()} == {INK}
    assert legend_looks(panel, False)["train v"]["color"] == LINES[0]


SEEN = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deutan": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritan": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}
"""Linear RGB as seen (Machado, Oliveira and Fernandes, 2009; severity 1)."""


@pytest.mark.parametrize("sight", SEEN)
def test_colours_stay_apart(sight: str) -> None:
    """In Oklab, where the two blues of before are 0.04 apart for people without red cones."""
    from itertools import combinations

    import numpy as np

    to_cones = ((0.4122, 0.5363, 0.0514), (0.2119, 0.6807, 0.1074), (0.0883, 0.2817, 0.63))
    to_lab = ((0.2105, 0.7936, -0.0041), (1.978, -2.4286, 0.4506), (0.0259, 0.7828, -0.8087))
    srgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in LINES])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(SEEN[sight]).T, 0, 1)
    lab = np.cbrt(seen @ np.array(to_cones).T) @ np.array(to_lab).T
    assert min(np.linalg.norm(a - b) for a, b in combinations(lab, 2)) > 0.08
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    assert max(luminance) < 1.05 / 3 - 0.05  # contrast 3 with white


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
