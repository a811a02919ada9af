from __future__ import annotations

import pytest

from caffetools.layers.base import Shape
from tests.layers.cases import check_explained, check_refused, layer_text, set_up


def embed(options: str) -> str:
    return layer_text("Embed", f"embed_param {{ {options} }}")


@pytest.mark.parametrize(
    ("options", "bottom", "top", "params"),
    [
        (
            "input_dim: 8801 num_output: 1000",
            (20, 16),
            (20, 16, 1000),
            {"weight": (8801, 1000), "bias": (1000,)},
        ),
        ("input_dim: 5 num_output: 3 bias_term: false", (7,), (7, 3), {"weight": (5, 3)}),
        ("input_dim: 5 num_output: 3", (), (3,), {"weight": (5, 3), "bias": (3,)}),
        ("input_dim: 5 num_output: 3 bias_term: false", (0,), (0, 3), {"weight": (5, 3)}),
    ],
)
def test_embed(options: str, bottom: Shape, top: Shape, params: dict[str, Shape]) -> None:
    case = set_up(embed(options), bottom)
    assert (case.tops, case.params, case.macs) == ((top,), params, 0)
    check_explained(embed(options), bottom)


def test_embed_explained() -> None:
    assert check_explained(embed("input_dim: 5 num_output: 3"), (7,)) == [
        "weight: 5 * 3 = 15",
        "bias: 3 = 3",
    ]


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("num_output: 3", (7,), 2, 1, "expected input_dim of at least 1 and below 2^31, found 0"),
        ("input_dim: 3", (7,), 2, 1, "expected num_output of at least 1 and below 2^31, found 0"),
        ("input_dim: 3 num_output: 2147483648", (7,), 2, 28, "found 2147483648"),
        (
            'input_dim: 3 num_output: 2 weight_filler { type: "bilinear" }',
            (7,),
            2,
            58,
            "the weight is 3 x 2",
        ),
        ("input_dim: 3 num_output: 2", (7, 0), 1, 1, "expected a bottom that is not empty"),
        (
            "input_dim: 65536 num_output: 65536",
            (7,),
            1,
            1,
            "the weight would have more than 2^31 - 1",
        ),
        ("input_dim: 3 num_output: 2", (1,) * 32, 1, 1, "would have 33 axes, more than 32"),
    ],
)
def test_embed_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(embed(options), (bottom,), line, column, fragment)
