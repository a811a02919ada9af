"""CenterLoss and TripletLoss."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES: tuple[tuple[str, list[Shape], int, list[str]], ...] = (
    (
        "CenterLoss center_loss_param { num_output: 9 center_filler { type: 'xavier' } }",
        [(4, 2, 3, 1), (4,)],
        1,
        ["m = CenterLoss(9, 6)", "xavier_(m.center)", "y = self.m(a, b)"],
    ),
    (
        "CenterLoss center_loss_param { num_output: 9 distance_type: 'L1' }",
        [(4, 2), (4,)],
        1,
        ['m = CenterLoss(9, 2, distance_type="L1")', "y = self.m(a, b)"],
    ),
    (
        "TripletLoss triplet_loss_param { margin: 0.5 }",
        [(4, 2)] * 3 + [(4,)],
        1,
        ["y = triplet_loss(a, b, c, margin=0.5)"],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
