from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import bottoms_of, check_explained, check_refused, layer_text, set_up


def inner_product(options: str) -> str:
    return layer_text("InnerProduct", f"inner_product_param {{ {options} }}")


@pytest.mark.parametrize(
    ("options", "bottom", "top", "params", "macs"),
    [
        (
            "num_output: 4096",
            (256, 256, 6, 6),
            (256, 4096),
            {"weight": (4096, 256 * 6 * 6), "bias": (4096,)},
            256 * 4096 * 256 * 6 * 6,
        ),
        (
            "num_output: 10 bias_term: false",
            (8, 500),
            (8, 10),
            {"weight": (10, 500)},
            8 * 10 * 500,
        ),
        (
            "num_output: 10 transpose: true",
            (8, 500),
            (8, 10),
            {"weight": (500, 10), "bias": (10,)},
            8 * 10 * 500,
        ),
        (
            "num_output: 7 axis: 2",
            (2, 3, 4, 5),
            (2, 3, 7),
            {"weight": (7, 4 * 5), "bias": (7,)},
            2 * 3 * 7 * 4 * 5,
        ),
        (
            "num_output: 7 axis: -1",
            (2, 3, 4, 5),
            (2, 3, 4, 7),
            {"weight": (7, 5), "bias": (7,)},
            2 * 3 * 4 * 7 * 5,
        ),
        ("num_output: 7 axis: 0", (6,), (7,), {"weight": (7, 6), "bias": (7,)}, 7 * 6),
        ("num_output: 7 bias_term: false", (0, 6), (0, 7), {"weight": (7, 6)}, 0),
    ],
)
def test_inner_product(
    options: str, bottom: Shape, top: Shape, params: dict[str, Shape], macs: int
) -> None:
    case = set_up(inner_product(options), bottom)
    assert (case.tops, case.params, case.macs, case.notes) == ((top,), params, macs, ())
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms_of(case)) is None
    check_explained(inner_product(options), bottom)


def test_explained() -> None:
    assert check_explained(inner_product("num_output: 4096"), (256, 256, 6, 6)) == [
        "inputs: 256 * 6 * 6 = 9216",
        "weight: 4096 * 9216 = 37748736",
        "bias: 4096 = 4096",
        "multiply-accumulates: 256 * 4096 * 9216 = 9663676416",
    ]


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("", (2, 3), 2, 1, "the weight of shape 0 x 3 is empty"),
        ("num_output: 2", (2, 0), 2, 1, "the weight of shape 2 x 0 is empty"),
        ("num_output: 2", (0, 3), 1, 1, "expected a bottom that is not empty, found 0 x 3"),
        (
            "num_output: 2 axis: 2",
            (2, 3),
            2,
            37,
            "axis 2 is out of range for a blob of shape 2 x 3",
        ),
        ("num_output: 2", (), 2, 1, "axis 1 is out of range for a blob of shape scalar"),
        (
            "num_output: 4294967295",
            (2, 3),
            1,
            1,
            "the weight would have more than 2^31 - 1 elements",
        ),
        (
            'num_output: 2 weight_filler { type: "xavier" sparse: 3 }',
            (2, 3),
            2,
            68,
            "sparse is for gaussian fillers, found xavier",
        ),
    ],
)
def test_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(inner_product(options), (bottom,), line, column, fragment)
