"""InnerProduct and Embed."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES = (
    (
        "InnerProduct inner_product_param { num_output: 3 }",
        [(2, 4, 5, 5)],
        1,
        [
            "m = nn.Linear(100, 3)",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a.flatten(1))",
        ],
    ),
    (
        "InnerProduct inner_product_param { num_output: 3 bias_term: false }",
        [(2, 4)],
        1,
        ["m = nn.Linear(4, 3, bias=False)", "nn.init.zeros_(m.weight)", "y = self.m(a)"],
    ),
    (
        "InnerProduct inner_product_param { num_output: 3 axis: 2 }",
        [(2, 4, 5, 6)],
        1,
        [
            "m = nn.Linear(30, 3)",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a.flatten(2))",
        ],
    ),
    (
        "InnerProduct inner_product_param { num_output: 3 axis: 0 }",
        [(2, 4)],
        1,
        [
            "m = nn.Linear(8, 3)",
            "nn.init.zeros_(m.weight)",
            "nn.init.zeros_(m.bias)",
            "y = self.m(a.flatten(0))",
        ],
    ),
    (
        (
            "InnerProduct inner_product_param { num_output: 3 transpose: true "
            'weight_filler { type: "xavier" } }'
        ),
        [(2, 4)],
        1,
        ["m = TransposedLinear(4, 3)", "xavier_(m.weight)", "y = self.m(a)"],
    ),
    (
        "Embed embed_param { num_output: 3 input_dim: 7 }",
        [(2, 4)],
        1,
        ["m = Embed(7, 3)", "y = self.m(a)"],
    ),
    (
        (
            "Embed embed_param { num_output: 3 input_dim: 7 bias_term: false "
            'weight_filler { type: "uniform" min: -1 } }'
        ),
        [(2,)],
        1,
        ["m = Embed(7, 3, bias=False)", "nn.init.uniform_(m.weight, a=-1.0)", "y = self.m(a)"],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
