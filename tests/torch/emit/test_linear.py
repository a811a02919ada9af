"""Inner products, embeddings, distances, and convolution with weights for each position."""

from __future__ import annotations

import pytest

from caffetools.errors import CaffeToolsError
from tests.torch.emission import Shape, lines, program_of

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
    (
        "InnerDistance inner_distance_param { num_output: 3 normalize: true }",
        [(2, 4, 5)],
        1,
        ["m = InnerDistance(20, 3, normalize=True)", "y = self.m(a.flatten(1))"],
    ),
    (
        'InnerDistance inner_distance_param { distance_type: "L1" }',
        [(2, 4), (3, 4)],
        1,
        ['y = inner_distance(a, b, distance_type="L1")'],
    ),
    (
        "InnerDistance inner_distance_param { update_center_only: true }",
        [(2, 4), (3, 4), (2,)],
        1,
        ["y = inner_distance(a, b, c)"],
    ),
    (
        "InnerDistance inner_distance_param { bias_term: true }",
        [(2, 4), (3, 4), (3,)],
        1,
        ["y = inner_distance(a, b) + c"],
    ),
    (
        "Local local_param { num_output: 3 kernel_size: 2 stride: 2 pad: 1 }",
        [(2, 4, 5, 6)],
        1,
        ["m = Local(4, 3, (3, 4), 2, stride=2, padding=1)", "y = self.m(a)"],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected


def test_a_transposed_weight_of_distances_is_read_as_it_lies() -> None:
    layer = "InnerDistance inner_distance_param { num_output: 3 transpose: true }"
    assert lines(layer, (2, 4))[0] == "m = InnerDistance(4, 3)"


@pytest.mark.parametrize(
    ("options", "shapes", "message"),
    [
        ('num_output: 3 distance_type: "L3"', [(2, 4)], "a distance_type of L1 or L2"),
        ("update_center_only: true", [(2, 4), (3, 4)], "expected a third bottom, the labels"),
    ],
)
def test_refused_distances(options: str, shapes: list[Shape], message: str) -> None:
    with pytest.raises(CaffeToolsError, match=message):
        program_of(f"InnerDistance inner_distance_param {{ {options} }}", *shapes)
