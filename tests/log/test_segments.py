"""Runs and resumed runs."""

from __future__ import annotations

from array import array

from caffetools.log.curve import Curve
from caffetools.log.segments import joined, segments


def test_a_resumed_run_replaces_what_it_tells_again() -> None:
    curve = Curve()
    curve.restores.append(3)
    iterations = array("q", [0, 10, 20, 10, 20, 30])
    found = segments(curve, iterations)
    assert [(part.start, part.stop, part.run, part.resumed) for part in found] == [
        (0, 3, 0, False),
        (3, 6, 0, True),
    ]
    assert joined(found, iterations) == {0: [range(1), range(3, 6)]}


def test_a_start_is_another_run() -> None:
    curve = Curve()
    curve.starts.extend([0, 2])
    assert [part.run for part in segments(curve, array("q", [0, 10, 0, 10]))] == [0, 1]
