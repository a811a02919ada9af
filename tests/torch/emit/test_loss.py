"""Losses of two bottoms."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES = (
    ("EuclideanLoss", [(2, 6), (2, 6)], 1, ["y = euclidean_loss(a, b)"]),
    ("SigmoidCrossEntropyLoss", [(2, 6), (2, 6)], 1, ["y = sigmoid_cross_entropy_loss(a, b)"]),
    (
        "SigmoidCrossEntropyLoss loss_param { normalize: true ignore_label: -1 }",
        [(2, 6), (2, 6)],
        1,
        ['y = sigmoid_cross_entropy_loss(a, b, ignore_label=-1, normalization="VALID")'],
    ),
    ("HingeLoss", [(2, 6), (2,)], 1, ["y = hinge_loss(a, b)"]),
    (
        "HingeLoss hinge_loss_param { norm: L2 }",
        [(2, 6), (2,)],
        1,
        ['y = hinge_loss(a, b, norm="L2")'],
    ),
    ("MultinomialLogisticLoss", [(2, 6), (2,)], 1, ["y = multinomial_logistic_loss(a, b)"]),
    ("ContrastiveLoss", [(2, 6), (2, 6), (2,)], 1, ["y = contrastive_loss(a, b, c)"]),
    (
        "ContrastiveLoss contrastive_loss_param { margin: 2 legacy_version: true }",
        [(2, 6), (2, 6), (2,)],
        1,
        ["y = contrastive_loss(a, b, c, margin=2.0, legacy_version=True)"],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
