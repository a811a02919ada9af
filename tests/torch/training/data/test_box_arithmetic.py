from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from caffetools.torch.training.data.box_arithmetic import (
    areas,
    coverage,
    intersections,
    jaccard,
    projected,
)


def boxes(*corners: tuple[float, ...]) -> NDArray[np.float32]:
    return np.array(corners, np.float32)


FIRST = boxes((0, 0, 0.5, 0.5))
SECOND = boxes((0.25, 0.25, 0.75, 0.5))


def test_overlap() -> None:
    """0.25 * 0.25 in common of 0.5 * 0.5 and 0.5 * 0.25."""
    assert intersections(FIRST, SECOND).tolist() == [[0.25, 0.25, 0.5, 0.5]]
    common = 0.25 * 0.25
    assert jaccard(FIRST, SECOND).tolist() == pytest.approx([common / (0.25 + 0.125 - common)])
    assert coverage(FIRST, SECOND).tolist() == pytest.approx([common / 0.25])
    assert coverage(SECOND, FIRST).tolist() == pytest.approx([common / 0.125])


def test_boxes_apart() -> None:
    far = boxes((0.75, 0.75, 1, 1))
    assert intersections(FIRST, far).tolist() == [[0, 0, 0, 0]]
    assert jaccard(FIRST, far).tolist() == coverage(FIRST, far).tolist() == [0]


def test_a_box_without_a_side_has_no_area() -> None:
    assert areas(boxes((0.5, 0, 0.25, 1), (0, 0.5, 1, 0.5))).tolist() == [0, 0]


def test_projection() -> None:
    """In units of a window of 0.5 x 0.5 at (0.25, 0.25), clipped to it."""
    moved, shown = projected(
        boxes((0.25, 0.25, 0.75, 0.75))[0],
        boxes((0, 0, 0.5, 0.5), (0.5, 0.375, 0.625, 0.5), (0, 0, 0.25, 1)),
    )
    assert moved[:2].tolist() == [[0, 0, 0.5, 0.5], [0.5, 0.25, 0.75, 0.5]]
    assert shown.tolist() == [True, True, False]


unit = st.floats(0, 1, width=32)


@given(st.lists(st.tuples(unit, unit, unit, unit), max_size=5), st.tuples(unit, unit, unit, unit))
def test_what_a_window_shows_lies_in_it(
    given_boxes: list[tuple[float, ...]], window: tuple[float, ...]
) -> None:
    table = np.array(given_boxes, np.float32).reshape(-1, 4)
    moved, shown = projected(np.array(window, np.float32), table)
    inside = moved[shown]
    assert ((inside >= 0) & (inside <= 1)).all()
    assert (areas(inside) > 0).all()
