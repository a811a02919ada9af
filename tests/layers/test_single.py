from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.layers.single import single


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (0.5, 0.5),
        (2**24 + 1, 2**24),
        (1.00000001, 1.0),
        (1e-50, 0.0),
        (1e39, math.inf),
        (-1e39, -math.inf),
        (math.inf, math.inf),
    ],
)
def test_single(value: float, rounded: float) -> None:
    assert single(value) == rounded


def test_no_number() -> None:
    assert math.isnan(single(math.nan))


@given(st.floats(width=32, allow_nan=False))
def test_what_a_float_holds_stays(value: float) -> None:
    assert single(value) == value
