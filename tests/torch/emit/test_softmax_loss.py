"""Losses of a softmax."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES = (
    ("SoftmaxWithLoss", [(2, 6), (2,)], 1, ["y = softmax_with_loss(a, b)"]),
    (
        (
            "SoftmaxWithLoss softmax_param { axis: 2 } loss_param { ignore_label: "
            "255 normalization: FULL }"
        ),
        [(2, 6, 3), (2, 6)],
        1,
        ['y = softmax_with_loss(a, b, axis=2, ignore_label=255, normalization="FULL")'],
    ),
    (
        "SoftmaxWithLoss loss_param { normalize: false }",
        [(2, 6), (2,)],
        1,
        ['y = softmax_with_loss(a, b, normalization="BATCH_SIZE")'],
    ),
    (
        "SoftmaxWithLoss loss_param { normalize: false normalization: VALID }",
        [(2, 6), (2,)],
        1,
        ["y = softmax_with_loss(a, b)"],
    ),
    (
        "InfogainLoss loss_param { normalization: NONE }",
        [(2, 6), (2,), (1, 1, 6, 6)],
        1,
        ['y = infogain_loss(a, b, c, normalization="NONE")'],
    ),
    (
        "InfogainLoss loss_weight: 1 loss_weight: 0",
        [(2, 6), (2,), (1, 1, 6, 6)],
        2,
        ["y = infogain_loss(a, b, c)", "y1 = F.softmax(a, dim=1)"],
    ),
    (
        "SoftmaxWithLossOHEM loss_param { ignore_label: -1 } loss_weight: [1, 0, 0]",
        [(2, 6), (2,)],
        3,
        [
            "y = softmax_with_loss(a, b, ignore_label=-1)",
            "y1 = F.softmax(a, dim=1).detach()",
            "y2 = softmax_losses(a, b, ignore_label=-1).detach()",
        ],
    ),
    (
        "SoftmaxWithLossOHEM loss_param { normalization: PRE_FIXED pre_fixed_normalizer: 128 }",
        [(2, 6), (2,)],
        1,
        ['y = softmax_with_loss(a, b, normalization="NONE") / 128.0'],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
