"""Curves in columns."""

from __future__ import annotations

import pytest

from caffetools.log.curve import Curve, Output, Point


@pytest.fixture
def curve() -> Curve:
    made = Curve()
    outputs = [Output("v", "2"), Output("v", "2")]
    made.append(Point("0", "0721 10:00:00.0", "1.5", "0.1", "", outputs, ["1", "2"]))
    made.append(Point("10", "0721 10:00:02.0", "", "", "", [Output("w")], ["3"]))
    return made


def test_rows(curve: Curve) -> None:
    first, last = curve.rows()
    assert (first.iteration, first.loss, first.lr, first.outputs) == (0, 1.5, 0.1, {"v": [1, 2]})
    assert (last.iteration, last.loss, last.lr, last.outputs) == (10, None, None, {"w": [3]})


def test_columns(curve: Curve) -> None:
    assert list(curve.iterations()) == [0, 10]
    assert curve.sizes() == {"v": 2, "w": 1}
    assert curve.weights() == {"v": 2.0}


def test_the_last_row(curve: Curve) -> None:
    assert curve.last() == (10, None, None, None, None, None, {"w": [3]})
    assert Curve().last() is None


def test_rows_that_tell_the_same_come_as_one_part(curve: Curve) -> None:
    curve.extend({"iteration": ["20", "30"], "loss": ["1", "2"]}, (Output("w"),), [["4", "nan"]])
    curve.restores.append(2)
    first, second = curve.parts()
    assert (first.names, first.values) == (("v", "v"), ["1", "2"])
    assert (second.iterations, second.names) == ([10, 20, 30], ("w",))
    assert second.values == ["3\n4\nnan"]
    assert second.losses == "\n1\n2"


def test_no_speed_is_known_where_a_run_begins(curve: Curve) -> None:
    curve.origin = 0.0
    assert [row.speed for row in curve.rows()] == [None, 10 / 2]
    curve.starts.append(1)
    assert [row.speed for row in curve.rows()] == [None, None]


def test_an_empty_curve_has_no_rows() -> None:
    assert list(Curve().rows()) == []


def test_times_turn_where_the_log_does() -> None:
    curve = Curve(day="20141231")
    curve.append(Point("0", "1231 23:59:59"))
    curve.turn_to("20151231")
    curve.append(Point("1", "1231 23:59:59"))
    # A year comes too late once lines have been read, unless one was known.
    assert [row.time for row in curve.rows()] == ["2014-12-31T23:59:59", "2015-12-31T23:59:59"]
