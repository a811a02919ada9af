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
    assert curve.output("v", 1)[0] == 2


def test_an_empty_curve_has_no_rows() -> None:
    assert list(Curve().rows()) == []
