"""Accuracies."""

from __future__ import annotations

import pytest

from tests.torch.emission import Shape, lines

CASES = (
    ("Accuracy", [(2, 6), (2,)], 1, ["y = top_k_accuracy(a, b)"]),
    (
        "Accuracy accuracy_param { top_k: 5 axis: -1 ignore_label: 0 }",
        [(2, 3, 6), (2, 3)],
        1,
        ["y = top_k_accuracy(a, b, top_k=5, axis=2, ignore_label=0)"],
    ),
    (
        "SegAccuracy seg_accuracy_param { ignore_label: 255 }",
        [(2, 3, 4, 5), (2, 1, 4, 5)],
        1,
        ["m = SegAccuracy(3, ignore_label=(255,))", "y = self.m(a, b)"],
    ),
    (
        "SegAccuracy seg_accuracy_param { save_frequency: 9 }",
        [(2, 3, 4, 5), (2, 1, 4, 5)],
        1,
        ["m = SegAccuracy(3, precision=True, reset=False)", "y = self.m(a, b)"],
    ),
    (
        "EltwiseAccuracy eltwise_accuracy_param { top_k: 2 ignore_label: 0 }",
        [(2, 6), (2,)],
        1,
        ["y = eltwise_accuracy(a.reshape(2, 6, 1, 1), b, top_k=2, ignore_label=0)"],
    ),
    (
        "AccuracyRegression",
        [(2, 6, 1, 1), (2, 6, 1, 1)],
        1,
        ['y = F.l1_loss(a, b, reduction="sum").reshape(1, 1, 1, 1) / (2 * a.size(0))'],
    ),
    ("Accuracy", [(2, 6), (2,)], 2, ["y = top_k_accuracy(a, b)", "y1 = accuracy_per_class(a, b)"]),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
