"""Accuracy: golden cases and ties."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from caffetools.torch.runtime.accuracy import (
    SegAccuracy,
    accuracy_per_class,
    eltwise_accuracy,
    top_k_accuracy,
)
from tests.torch.cases import Blobs, check_case, check_runs_everywhere, read_case


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("accuracy", lambda b: {"y": top_k_accuracy(b["x"], b["t"], top_k=2)}),
        (
            "accuracy_per_class",
            lambda b: {
                "y": top_k_accuracy(b["x"], b["t"], ignore_label=2),
                "per": accuracy_per_class(b["x"], b["t"], ignore_label=2),
            },
        ),
    ],
)
def test_golden(caffe: Path, name: str, function: Callable[[Blobs], Blobs]) -> None:
    check_case(read_case(caffe, f"layers/{name}"), function)


def test_a_tie_counts_against_the_label() -> None:
    x, label = torch.zeros(2, 5), torch.tensor([0.0, 4])
    assert top_k_accuracy(x, label).item() == 0
    assert top_k_accuracy(x, label, top_k=4).item() == 0
    assert top_k_accuracy(x, label, top_k=5).item() == 1


def test_by_class() -> None:
    x = torch.tensor([[1.0, 0, 0], [0.0, 1, 0], [1.0, 0, 0], [0.0, 0, 1]])
    label = torch.tensor([0.0, 1, 1, 255])
    assert top_k_accuracy(x, label, ignore_label=255).item() == pytest.approx(2 / 3)
    assert accuracy_per_class(x, label, ignore_label=255).tolist() == [1, 0.5, 0]
    nothing = torch.full((4,), 255.0)
    assert top_k_accuracy(x, nothing, ignore_label=255).item() == 0
    assert accuracy_per_class(x, nothing, ignore_label=255).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: top_k_accuracy(x, x.new_ones(2, 4), ignore_label=0),
        lambda x: accuracy_per_class(x, x.new_ones(2, 4)),
        lambda x: eltwise_accuracy(x, x.new_ones(2, 4)),
    ],
)
def test_runs_everywhere(function: Callable[[Tensor], Tensor]) -> None:
    check_runs_everywhere(function, torch.randn(2, 3, 4))


def test_segmentation_by_hand() -> None:
    """Classes 0 1 1 2 are found where the labels are 0 0 1 255."""
    x = torch.nn.functional.one_hot(torch.tensor([0, 1, 1, 2]), 3).t().reshape(1, 3, 2, 2).float()
    label = torch.tensor([0.0, 0, 1, 255]).reshape(1, 1, 2, 2)
    measures = SegAccuracy(3, (255,))(x, label)
    assert measures.shape == (1, 1, 1, 3)
    # Intersections over unions: 1 of 2, 1 of 2, and none of none, which counts as 1.
    assert measures.flatten().tolist() == pytest.approx([2 / 3, (1 / 2 + 1) / 2, 2 / 3])
    check_runs_everywhere(SegAccuracy(3, (255,)), x, label)


def test_of_equal_scores_the_last_class_is_found() -> None:
    """Scores 1 1 0, 0 1 1 and 2 1 2: classes 1, 2 and 2."""
    x = torch.tensor([[1.0, 0, 2], [1, 1, 1], [0, 1, 2]]).reshape(1, 3, 1, 3)
    assert SegAccuracy(3)(x, torch.tensor([1.0, 2, 2])).flatten().tolist() == [1, 1, 1]


def test_counts_add_up_without_reset() -> None:
    x = torch.tensor([1.0, 0, 0, 1]).reshape(1, 2, 1, 2)  # classes 0 and 1
    counting = SegAccuracy(2, precision=True, reset=False)
    assert counting(x, torch.tensor([0.0, 1])).flatten().tolist() == [1, 1, 1, 1]
    # Then both are 0: found 0 is right twice, found 1 once of twice.
    found = counting(x, torch.tensor([0.0, 0])).flatten().tolist()
    unions = (2 / 3 + 1 / 2) / 2
    assert found == pytest.approx([3 / 4, (2 / 3 + 1) / 2, (1 + 1 / 2) / 2, unions])


def test_one_score_is_compared_with_a_half() -> None:
    x = torch.tensor([0.4, 0.6]).reshape(1, 1, 1, 2)
    assert SegAccuracy(1)(x, torch.tensor([0.0, 1])).flatten().tolist() == [1, 1, 1]


def test_eltwise_accuracy() -> None:
    """Of equal scores that of the larger class is better; a class that does not exist is wrong."""
    x = torch.tensor([[1.0, 1], [1, 0], [0, 0]]).reshape(1, 3, 1, 2)
    assert eltwise_accuracy(x, torch.tensor([1.0, 0])).item() == 1
    assert eltwise_accuracy(x, torch.tensor([0.0, 9])).item() == 0
    assert eltwise_accuracy(x, torch.tensor([0.0, 1]), top_k=2).item() == 1 / 2
    assert eltwise_accuracy(x, torch.tensor([1.0, 1]), ignore_label=1).isnan().all()
