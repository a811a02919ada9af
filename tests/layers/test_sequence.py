from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import check_refused, layer_text, set_up


def indicator(options: str, bottoms: str = "") -> str:
    param = f"continuation_indicator_param {{ {options} }}"
    return layer_text("ContinuationIndicator", param, bottoms)


@pytest.mark.parametrize(
    ("options", "bottoms", "top"),
    [
        ("time_step: 18 batch_size: 64", (), (18, 64)),
        ("time_step: 18", ((64, 83, 20),), (18, 64)),
        ("time_step: 18 axis: 1", ((18, 64, 83),), (18, 64)),
        ("time_step: 18 axis: -2", ((18, 64, 83),), (18, 64)),
    ],
)
def test_continuation_indicator(options: str, bottoms: tuple[Shape, ...], top: Shape) -> None:
    case = set_up(indicator(options, "a" if bottoms else ""), *bottoms)
    assert case.tops == (top,)
    assert case.params == {}


@pytest.mark.parametrize(
    ("options", "bottoms", "column", "fragment"),
    [
        ("time_step: 18", (), 1, "expected batch_size of at least 1, found 0"),
        ("batch_size: 18", (), 1, "expected time_step of at least 1, found 0"),
        ("time_step: 4294967295", ((2, 3),), 32, "expected time_step below 2^31"),
        (
            "time_step: 18 axis: 2",
            ((2, 3),),
            46,
            "axis 2 is out of range for a blob of shape 2 x 3",
        ),
        ("time_step: 18", ((0, 3),), 1, "axis 0 of 0 x 3 is empty"),
    ],
)
def test_refused(options: str, bottoms: tuple[Shape, ...], column: int, fragment: str) -> None:
    check_refused(indicator(options, "a" if bottoms else ""), bottoms, 2, column, fragment)
