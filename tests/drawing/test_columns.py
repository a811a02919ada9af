"""Columns: how many, and where they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.drawing.columns import Band, columns

ROW = Band(100, 200, 1)


@pytest.mark.parametrize(
    ("rows", "wanted", "expected"),
    [
        ([ROW] * 9, None, [0]),  # 900 high: it stays whole
        ([ROW] * 20, 1, [0]),
        ([ROW] * 20, 2, [0, 10]),
        ([ROW] * 20, 4, [0, 5, 10, 15]),
        ([ROW] * 3, 9, [0, 1, 2]),
        ([Band(100, 200, 5)] * 20, None, [0]),  # too many wires everywhere
        ([*[Band(100, 200, 5)] * 9, ROW, *[Band(100, 200, 5)] * 10], 2, [0, 10]),
    ],
)
def test_columns(rows: list[Band], wanted: int | None, expected: list[int]) -> None:
    assert columns(rows, 40, wanted) == expected


def test_a_long_chain_becomes_a_page() -> None:
    # 100 rows of 100 by 200: 5 columns make 1200 by 2000, 6 make 1440 by 1700.
    assert len(columns([ROW] * 100, 40)) in {5, 6, 7, 8}


def test_a_column_may_end_early_where_fewer_wires_pass() -> None:
    rows = [Band(100, 200, 3)] * 20
    rows[8] = ROW
    assert columns(rows, 40, 2) == [0, 9]


@given(
    st.lists(
        st.builds(Band, st.integers(0, 200), st.integers(0, 500), st.integers(0, 6)), min_size=1
    ),
    st.none() | st.integers(1, 9),
)
def test_rows_stay_in_order(rows: list[Band], wanted: int | None) -> None:
    starts = columns(rows, 40, wanted)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert all(rows[start - 1].wires <= 4 for start in starts[1:])
    if wanted:
        assert len(starts) <= wanted
