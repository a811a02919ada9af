from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import check_refused, layer_text, set_up

AXPY = layer_text("Axpy", bottoms="a b c")


def test_relu6() -> None:
    case = set_up(layer_text("ReLU6", tops="a"), (1, 3, 8, 8))
    assert case.tops == ((1, 3, 8, 8),)
    assert case.params == {}


@pytest.mark.parametrize("factors", [(2, 64), (2, 64, 1, 1), (2, 64, 3)])
def test_axpy(factors: Shape) -> None:
    case = set_up(AXPY, factors, (2, 64, 7, 7), (2, 64, 7, 7))
    assert case.tops == ((2, 64, 7, 7),)
    assert case.macs == 0


@pytest.mark.parametrize(
    ("bottoms", "fragment"),
    [
        (((2, 64), (2, 64, 7, 7), (2, 64, 7, 8)), "found 2 x 64 x 7 x 7 and 2 x 64 x 7 x 8"),
        (((2, 63), (2, 64, 7, 7), (2, 64, 7, 7)), "a factor for each channel of 2 x 64 x 7 x 7"),
        (((2, 64, 1, 7), (2, 64, 7, 7), (2, 64, 7, 7)), "found 2 x 64 x 1 x 7"),
        (((2,), (2,), (2,)), "a factor for each channel of 2, found 2"),
    ],
)
def test_axpy_refused(bottoms: tuple[Shape, ...], fragment: str) -> None:
    check_refused(AXPY, bottoms, 1, 1, fragment)
