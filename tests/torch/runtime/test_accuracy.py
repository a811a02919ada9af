"""Accuracy: golden cases and ties."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from caffetools.torch.runtime.accuracy import accuracy_per_class, top_k_accuracy
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
    ],
)
def test_runs_everywhere(function: Callable[[Tensor], Tensor]) -> None:
    check_runs_everywhere(function, torch.randn(2, 3, 4))
