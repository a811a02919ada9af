"""Charts: axes, thinning, runs, marks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.drawing.scene import Path, SceneGroup, Text, flat
from caffetools.drawing.style import styled_width
from caffetools.pages.chart import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    ChartLine,
    EventMark,
    axis,
    chart,
    number,
    place,
    runs,
    thinned,
    value_span,
)

finite = st.floats(-1e12, 1e12)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 10_000.0], (0, 2000, 4000, 6000, 8000, 10_000)),
        ([0.1, 2.3], (0.5, 1, 1.5, 2)),
        ([3.0], (2, 3, 4)),
        ([0.0], (-1, -0.5, 0, 0.5, 1)),
        ([], (0, 0.2, 0.4, 0.6, 0.8, 1)),
    ],
)
def test_axis(values: list[float], expected: tuple[float, ...]) -> None:
    assert axis(values).ticks == pytest.approx(expected)


@given(st.lists(finite, min_size=1))
def test_an_axis_ends_at_the_data(values: list[float]) -> None:
    found = axis(values)
    assert found.low <= min(values)
    assert max(values) <= found.high
    if max(values) - min(values) > 1e-6:
        assert (found.low, found.high) == (min(values), max(values))
    slack = 1e-6 * (found.high - found.low)
    assert 2 <= len(found.ticks) <= 12
    assert all(found.low - slack <= tick <= found.high + slack for tick in found.ticks)


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=3000))
def test_thinned(points: list[tuple[float, float]]) -> None:
    kept = thinned(points)
    whole = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    assert len(kept) <= 801
    if whole:
        assert min(y for _, y in kept) == min(y for _, y in whole)
        assert max(y for _, y in kept) == max(y for _, y in whole)
    if len(whole) <= 800:
        assert list(kept) == whole


def test_a_peak_survives_thinning() -> None:
    points = [(float(i), 9.0 if i == 54_321 else 1.0) for i in range(100_000)]
    kept = thinned(points)
    assert (54_321.0, 9.0) in kept
    assert len(kept) <= 801


def test_runs() -> None:
    points = [(0.0, 1.0), (5.0, 1.0), (3.0, 1.0), (3.0, 2.0), (4.0, 1.0)]
    assert [len(run) for run in runs(points)] == [2, 3]
    assert runs([]) == []


def test_lines_stay_within_the_axes() -> None:
    series = [ChartLine("loss", ((0.0, 2.5), (50.0, 0.1), (100.0, 1.0)))]
    scene = chart(
        "Loss", series, [EventMark(50, "one", "snapshot"), EventMark(900, "off the chart", "done")]
    )
    line = next(item for item, _, _ in flat(scene.items) if item.style == "line-0")
    assert isinstance(line, Path)
    for move in line.moves:
        assert LEFT <= move.end[0] <= WIDTH - RIGHT
        assert TOP <= move.end[1] <= HEIGHT - BOTTOM
    styles = [item.style for item, _, _ in flat(scene.items)]
    assert styles.count("event-snapshot") == 2  # the tick and its entry in the legend
    assert "event-done" not in styles
    assert scene.description == "loss: from 2.5 at 0 to 1 at 100, least 0.1"


def test_events_at_one_pixel_share_a_tick() -> None:
    series = [ChartLine("loss", ((0.0, 2.5), (1e6, 0.1)))]
    marks = [EventMark(500_000 + n, f"event {n}", "snapshot") for n in range(3)]
    drawn = chart("Loss", series, [*marks, EventMark(500_000, "end", "done")], legend=False)
    titles = [item.title for item in drawn.items if isinstance(item, SceneGroup) and item.title]
    assert titles == ["event 0 and 2 more", "end", "loss"]
    ticks = [
        item
        for item, _, _ in flat(drawn.items)
        if isinstance(item, Path) and item.style.startswith("event-")
    ]
    for tick in ticks:
        assert tick.moves[1].end[1] - tick.moves[0].end[1] == 8


def test_the_legend_stays_in_the_chart() -> None:
    scene = chart("Loss", [ChartLine(f"test output {n} " * 3, ((0.0, n),)) for n in range(30)])
    names = [item for item, _, _ in flat(scene.items) if item.style == "legend"]
    assert len(names) == 30
    for name in names:
        assert isinstance(name, Text)
        assert name.x + styled_width(name.text, "legend") <= WIDTH
        assert HEIGHT < name.y < scene.height


def test_place() -> None:
    x, y = axis([0.0, 10.0]), axis([0.0, 1.0])
    assert place((0.0, 0.0), x, y) == (LEFT, HEIGHT - BOTTOM)
    assert place((10.0, 1.0), x, y) == (WIDTH - RIGHT, TOP)


def test_a_chart_of_nothing() -> None:
    assert chart("Loss", []).description == "no points"
    assert "no points" in chart("Loss", [ChartLine("loss", ((0.0, math.nan),))]).description


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (10_000.0, "10,000"),
        (0.001, "0.001"),
        (1e-9, "1e-09"),
        (2.3012999, "2.3013"),
        (1e20, "1e+20"),
    ],
)
def test_number(value: float, expected: str) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], []),
        ([[87.3, 2.0, 1.9, 1.8, 1.7]], [1.7, 2.0]),
        ([[7.0, 5.0, 3.0, 2.0, 1.0]], [1.0, 7.0]),  # 6 is twice as long as 5 - 2
        ([[87.3] * 10 + [2.0, 1.0] * 10], [1.0, 87.3]),  # more than a twentieth
        ([[2.0, 1.0] * 20 + [-90.0]], [1.0, 2.0]),
        ([[1.0, 1.0, 1.0, 5.0]], [1.0, 5.0]),
    ],
)
def test_outliers_do_not_make_the_axis(lines: list[list[float]], expected: list[float]) -> None:
    assert value_span(lines) == expected
