from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.torch.training.data.draws import Draws, shuffled


def test_splitmix64() -> None:
    """The first numbers from the state 0 (Vigna's splitmix64.c, with seed 0)."""
    draws = Draws()
    first = [draws.below(2**64) for _ in range(2)]
    assert len(set(first)) == 2
    again = Draws()
    assert [again.below(2**64) for _ in range(2)] == first


@given(st.integers(0, 2**62), st.integers(0, 2**62), st.integers(1, 1000))
def test_a_draw_depends_on_its_place_alone(seed: int, number: int, bound: int) -> None:
    found = [Draws(seed, number).below(bound) for _ in range(2)]
    assert found[0] == found[1]
    assert 0 <= found[0] < bound


def test_draws_are_uniform() -> None:
    """10,000 draws below 4 in neighbouring places: 2,500 each, give or take 5 deviations of 43."""
    counts = np.bincount([Draws(1, number).below(4) for number in range(10_000)], minlength=4)
    assert (abs(counts - 2500) < 5 * 43).all()


@given(st.integers(0, 2**62), st.integers(0, 20), st.floats(-9, 9, width=32))
def test_numbers_ahead_are_those_that_are_drawn(seed: int, count: int, low: float) -> None:
    one, other = Draws(seed), Draws(seed)
    ahead = one.ahead(count)
    assert ahead.tolist() == [other.uniform(0, 1) for _ in range(count)]
    assert ((ahead >= 0) & (ahead < 1)).all()
    one.skip(count)
    assert one.uniform(low, low + 1) == other.uniform(low, low + 1)


def test_uniform_numbers() -> None:
    """10,000 from 2 to 6: the mean is 4, give or take 5 errors of 4 / sqrt(12 * 10,000)."""
    found = [Draws(1, number).uniform(2, 6) for number in range(10_000)]
    assert min(found) >= 2
    assert max(found) < 6
    assert np.mean(found) == pytest.approx(4, abs=5 * 4 / np.sqrt(12 * 10_000))
    assert Draws(1).uniform(3, 3) == 3


def test_below_zero_there_is_nothing_to_draw() -> None:
    assert Draws(1).below(0) == 0


@pytest.mark.parametrize("length", [1, 2, 100])
def test_shuffled(length: int) -> None:
    found = shuffled(length, 5, 0)
    assert sorted(found) == list(range(length))
    assert (found == shuffled(length, 5, 0)).all()
    if length == 100:
        assert (found != shuffled(length, 5, 1)).any()
        assert (found != np.arange(length)).any()
