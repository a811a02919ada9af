"""Layers of optical flow nets."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES: tuple[tuple[str, list[Shape], int, list[str]], ...] = (
    (
        "Correlation correlation_param { kernel_size: 1 max_displacement: 4 pad: 4 stride_2: 2 }",
        [(1, 2, 5, 6)] * 2,
        1,
        ["y = correlation(a, b, 1, 4, pad=4, stride_2=2)"],
    ),
    (
        "Correlation correlation_param { kernel_size: 1 max_displacement: 1 correlation_type: 1 }",
        [(1, 2, 5, 6)] * 2,
        1,
        ['y = correlation(a, b, 1, 1, correlation_type="SUBTRACT")'],
    ),
    (
        "FlowWarp flow_warp_param { fill_value: NOT_A_NUMBER }",
        [(1, 3, 5, 6), (1, 2, 5, 6)],
        1,
        ['y = flow_warp(a, b, fill_value="NOT_A_NUMBER")'],
    ),
    ("ChannelNorm", [(1, 3, 5, 6)], 1, ["y = a.norm(dim=1, keepdim=True)"]),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
