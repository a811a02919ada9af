"""The runs of a curve."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.log import curve as curves
from caffetools.log.curve import Curve, Point
from caffetools.log.runs import joined, run_rows, segments, unannounced_resumes


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


def test_resumes_without_a_message() -> None:
    curve = Curve()
    curve.origin = 0.0
    curve.restores.append(2)
    for iteration in (0, 10, 20, 30, 20, 30, 0):
        curve.append(Point(str(iteration)))
    # 20 after 30 goes back, and 0 at the end is another run; the message was before row 2
    assert list(unannounced_resumes(curve)) == [(20, None)]


def test_a_start_is_another_run() -> None:
    curve = Curve()
    curve.starts.extend([0, 2])
    assert [part.run for part in segments(curve, array("q", [0, 10, 0, 10]))] == [0, 1]


@given(
    st.lists(st.integers(0, 9), max_size=12),
    st.sets(st.integers(0, 12)),
    st.sets(st.integers(0, 12)),
    st.sampled_from([1, 3, 4096]),
)
def test_parts_of_any_size_give_the_rows_that_are_kept(
    iterations: list[int], starts: set[int], restores: set[int], size: int
) -> None:
    curve = Curve()
    curve.starts.extend(row for row in sorted(starts) if row <= len(iterations))
    curve.restores.extend(row for row in sorted(restores) if row <= len(iterations))
    for row, iteration in enumerate(iterations):
        curve.append(Point(str(iteration), loss=str(row)))
    told = curve.iterations()
    runs = joined(segments(curve, told), told)
    expected = sorted((row, run) for run, parts in runs.items() for rows in parts for row in rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "_PART", size)
        assert [(row.loss, run) for run, row in run_rows(curve)] == expected
