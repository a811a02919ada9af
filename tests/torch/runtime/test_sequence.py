"""CTC and label sequences, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from caffetools.torch.runtime.sequence import (
    collapsed,
    compact,
    ctc_greedy_decoder,
    ctc_loss,
    edit_distance,
    label_sequence_accuracy,
    sequence_accuracy,
    sequence_similarity,
)
from tests.torch.cases import check_runs_everywhere, gradients

BEST = torch.tensor([[0, 1, 1, 0, 1], [2, 2, 3, 0, 0]])


def scores(best: torch.Tensor, classes: int = 4) -> torch.Tensor:
    """Scores (N, T, C) with 1 for the best class."""
    return torch.nn.functional.one_hot(best, classes).float()


def test_compact_and_collapsed() -> None:
    assert collapsed(BEST, 0).int().tolist() == [[0, 1, 0, 0, 1], [1, 0, 1, 0, 0]]
    assert compact(BEST, collapsed(BEST, 0)).tolist() == [[1, 1, -1, -1, -1], [2, 3, -1, -1, -1]]
    assert collapsed(BEST, 2, merge_repeated=False).sum(1).tolist() == [5, 3]


def test_ctc_loss_by_hand() -> None:
    """Two steps, classes blank and a, equal scores: of 4 paths, aa, a- and -a are the label a."""
    x = torch.zeros(2, 1, 2, requires_grad=True)
    label = torch.tensor([[0.0, 1, 0]])
    loss = ctc_loss(x, label, 2)
    assert loss.item() == pytest.approx(-math.log(3 / 4))
    # Given the label, a has 2/3 of the probability at each step, and 1/2 before.
    (gradient,) = gradients(loss, x)
    assert gradient.flatten().tolist() == pytest.approx([1 / 6, -1 / 6] * 2)
    twice = x.detach().repeat(1, 2, 1).requires_grad_()
    loss = ctc_loss(twice, label.repeat(2, 1), 2)
    assert loss.item() == pytest.approx(-math.log(3 / 4))
    (gradient,) = gradients(loss, twice)
    assert gradient[:, 0].flatten().tolist() == pytest.approx([1 / 6, -1 / 6] * 2)


def test_what_cannot_be_aligned_costs_nothing() -> None:
    x = torch.randn(3, 1, 2, requires_grad=True)
    loss = ctc_loss(x, torch.tensor([[1.0, 1]]), 2)
    assert loss.item() == 0
    assert gradients(loss, x)[0].abs().sum() == 0


def test_edit_distance() -> None:
    """Kitten and sitting: two letters changed, one added."""
    words = ["kitten", "sitting"]
    rows = torch.tensor([[*map(ord, f"{word:\x00<8}")] for word in words])
    rows = torch.where(rows == 0, -1, rows)
    assert edit_distance(rows[:1], rows[1:]).tolist() == [3]


def test_greedy_decoder() -> None:
    x = scores(BEST).transpose(0, 1) / 2
    continues = torch.tensor([[0.0, 1, 1, 1, 1], [0, 1, 1, 0, 1]]).t()
    score, labels = ctc_greedy_decoder(x, continues)
    assert score.flatten().tolist() == [-5 / 2, -3 / 2]  # the second ends before the fourth step
    assert labels.tolist() == [[1, 1, -1, -1, -1], [2, 3, -1, -1, -1]]
    target = torch.tensor([[1.0, -1, -1, -1, -1], [2, 3, 1, -1, 5]]).t()
    similarity = sequence_similarity(labels, target)
    assert similarity.shape == (1, 1, 1, 1)
    assert similarity.item() == pytest.approx(1 - (1 / 2 + 1 / 3) / 2)
    _, last = ctc_greedy_decoder(x, continues, -1)
    assert last.tolist() == [[0, 1, 0, 1, -1], [2, -1, -1, -1, -1]]


def test_sequences_that_do_not_end_early() -> None:
    score, labels = ctc_greedy_decoder(scores(BEST).transpose(0, 1) / 2)
    assert score.flatten().tolist() == [-5 / 2] * 2
    assert labels.tolist() == [[1, 1, -1, -1, -1], [2, 3, -1, -1, -1]]
    # 1 0 1 without its blank is right; 2 is one short of 2 3; two empty sequences differ.
    found = torch.cat([labels, torch.full((1, 5), -1)])
    real = torch.tensor([[1.0, 0, 1], [2, -1, 3], [0, 0, 0]])
    measures = sequence_accuracy(found, real).flatten().tolist()
    assert measures == pytest.approx([1 - (0 + 1 / 2 + 0) / 3, 1 / 3])
    assert sequence_similarity(found[2:], torch.full((3, 1), -1.0)).item() == 1


@pytest.mark.parametrize(
    ("labels", "expected"), [([[1, 0, 1], [2, 3, 0]], 1), ([[1, 0, 0], [2, 3, 0]], 1 / 2)]
)
def test_accuracy(labels: list[list[int]], expected: float) -> None:
    found = label_sequence_accuracy(scores(BEST), torch.tensor(labels).float())
    assert found.item() == expected


def test_runs_everywhere() -> None:
    x, labels = torch.randn(6, 2, 4), torch.tensor([[1.0, 2], [3, 0]])
    check_runs_everywhere(lambda x: ctc_greedy_decoder(x, torch.ones(6, 2, device=x.device)), x)
    check_runs_everywhere(label_sequence_accuracy, x.transpose(0, 1), labels)
    check_runs_everywhere(sequence_similarity, torch.tensor([[1, -1]]), torch.ones(2, 1))
