"""Losses of forks: lines, golden cases, and one by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.torch.emission import Shape, lines, program_of
from tests.torch.golden import check_emitted, module_of


@pytest.mark.parametrize("name", ["smoothl1", "smoothl1_2d", "smoothl1_bottom_only"])
def test_golden(shared: Path, name: str) -> None:
    check_emitted(shared, f"layers_ssd/{name}")


SHAPE = (2, 3, 4, 4)
CASES: tuple[tuple[str, list[Shape], str], ...] = (
    ("SmoothL1Loss", [SHAPE] * 2, "smooth_l1_loss(a, b)"),
    ("SmoothL1Loss", [SHAPE] * 3, "smooth_l1_loss(a, b, c)"),
    (
        "SmoothL1Loss smooth_l1_loss_param { sigma: 3 }",
        [SHAPE] * 4,
        "smooth_l1_loss(a, b, c, d, sigma=3.0)",
    ),
    ("L1Loss", [(2, 6)] * 2, 'F.l1_loss(a, b, reduction="sum") / a.size(0)'),
    (
        "L1Loss",
        [(2, 6), (2, 2, 3)],
        'F.l1_loss(a, b.reshape(a.shape), reduction="sum") / a.size(0)',
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], expected: str) -> None:
    assert lines(layer, *bottoms) == [f"y = {expected}"]


def test_l1_by_hand() -> None:
    module = module_of(program_of("L1Loss", (2, 2), (2, 2)))
    a, b = torch.tensor([[1.0, -2], [3, 0]]), torch.tensor([[0.0, 1], [3, 0.5]])
    assert module(a, b).item() == pytest.approx((1 + 3 + 0 + 0.5) / 2)
