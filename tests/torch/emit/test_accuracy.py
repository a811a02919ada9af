"""Accuracy."""

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
    ("Accuracy", [(2, 6), (2,)], 2, ["y = top_k_accuracy(a, b)", "y1 = accuracy_per_class(a, b)"]),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected
