from __future__ import annotations

import pytest

from caffetools.errors import ShapeError
from caffetools.layers.base import Shape
from caffetools.layers.legacy import four_axes


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((), (1, 1, 1, 1)),
        ((5,), (5, 1, 1, 1)),
        ((5, 0), (5, 0, 1, 1)),
        ((2, 3, 4, 5), (2, 3, 4, 5)),
    ],
)
def test_four_axes(shape: Shape, expected: Shape) -> None:
    assert four_axes(shape) == expected


def test_five_axes_are_refused() -> None:
    with pytest.raises(ShapeError, match="at most 4 axes, found 1 x 2 x 3 x 4 x 5"):
        four_axes((1, 2, 3, 4, 5))
