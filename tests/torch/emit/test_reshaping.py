"""Shapes, tiles and reductions."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES = (
    (
        "Reshape reshape_param { shape { dim: 0 dim: -1 dim: 2 } }",
        [(2, 3, 4)],
        1,
        ["y = a.reshape(a.size(0), -1, 2)"],
    ),
    (
        "Reshape reshape_param { shape { dim: 2 dim: 2 } axis: 2 num_axes: 1 }",
        [(2, 3, 4, 5)],
        1,
        ["y = a.reshape(a.size(0), a.size(1), 2, 2, a.size(3))"],
    ),
    (
        "Reshape reshape_param { shape { dim: 1 } axis: 1 num_axes: 0 }",
        [(2, 3)],
        1,
        ["y = a.reshape(a.size(0), 1, a.size(1))"],
    ),
    ("Reshape reshape_param { shape { } }", [(1, 1)], 1, ["y = a.reshape(())"]),
    ("Flatten", [(2, 3, 4)], 1, ["y = a.flatten(1)"]),
    ("Flatten flatten_param { axis: 1 end_axis: 2 }", [(2, 3, 4, 5)], 1, ["y = a.flatten(1, 2)"]),
    ("Flatten flatten_param { axis: 2 end_axis: 1 }", [(2, 3, 4)], 1, ["y = a.unsqueeze(2)"]),
    ("Tile tile_param { tiles: 3 }", [(2, 3, 4)], 1, ["y = a.repeat(1, 3, 1)"]),
    ("Reduction", [(2, 3)], 1, ["y = a.flatten(0).sum(0)"]),
    (
        "Reduction reduction_param { operation: MEAN axis: 1 coeff: 2 }",
        [(2, 3)],
        1,
        ["y = 2.0 * a.mean(1)"],
    ),
    (
        "Reduction reduction_param { operation: ASUM axis: 1 }",
        [(2, 3, 4)],
        1,
        ["y = a.flatten(1).abs().sum(1)"],
    ),
    (
        "Reduction reduction_param { operation: SUMSQ axis: -1 }",
        [(2, 3, 4)],
        1,
        ["y = a.square().sum(2)"],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
