from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import bottoms_of, check_explained, check_refused, layer_text, set_up


@pytest.mark.parametrize(
    ("options", "bottom", "top"),
    [
        ("", (2, 3, 4, 5), ()),
        ("axis: 1", (2, 3, 4, 5), (2,)),
        ("axis: -1", (2, 3, 4, 5), (2, 3, 4)),
        ("axis: -4 operation: MEAN", (2, 3, 4, 5), ()),
        ("operation: ASUM", (7,), ()),
        ("axis: 1 operation: SUMSQ", (0, 3), (0,)),
        ("axis: 1 operation: SUM", (0, 3), (0,)),
        ("axis: 1 operation: ASUM", (2, 0), (2,)),
    ],
)
def test_reduction(options: str, bottom: Shape, top: Shape) -> None:
    text = layer_text("Reduction", f"reduction_param {{ {options} }}")
    case = set_up(text, bottom)
    assert (case.tops, case.params, case.macs) == ((top,), {}, 0)
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms_of(case)) is None
    check_explained(text, bottom)


def test_reduction_explained() -> None:
    text = layer_text("Reduction", "reduction_param { axis: 2 }")
    assert check_explained(text, (2, 3, 4, 5)) == ["sums: 2 * 3 = 6", "terms of each: 4 * 5 = 20"]


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("axis: 2", (2, 3), 2, 19, "axis 2 is out of range for a blob of shape 2 x 3"),
        ("", (), 2, 1, "axis 0 is out of range for a blob of shape scalar"),
        ("axis: 1", (2, 0), 1, 1, "expected a bottom that is not empty, found 2 x 0"),
        ("operation: MEAN", (2, 0), 1, 1, "expected a bottom that is not empty"),
    ],
)
def test_reduction_refused(
    options: str, bottom: Shape, line: int, column: int, fragment: str
) -> None:
    text = layer_text("Reduction", f"reduction_param {{ {options} }}")
    check_refused(text, (bottom,), line, column, fragment)
