"""Confusion matrices: judges, axes, ignored labels, shares of classes, the worst items."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.torch.verbs.class_scores import ClassScores, Judge, WorstItem, judge_of
from tests.nets import given, inner_product, layer, net

JUDGE = Judge("scores", "labels", 1, 3, None)


def test_the_matrix_and_the_worst_items() -> None:
    found = ClassScores(JUDGE)
    scores = np.array([[5, 1, 0], [3, 4, 9], [2, 8, 1], [0, 1, 7]], np.float32)
    found.add(scores, np.array([0, 0, 1, 0], np.float32), "abcd".__getitem__)
    found.add(scores[:1], np.array([2], np.float32), "e".__getitem__)
    assert found.confusion.tolist() == [[1, 0, 2], [0, 1, 0], [1, 0, 0]]
    assert found.accuracies() == [(3, 1, 1 / 3), (1, 1, 1.0), (1, 0, 0.0)]
    assert found.ranked() == [
        WorstItem(7, "d", 0, 2),
        WorstItem(6, "b", 0, 2),
        WorstItem(5, "e", 2, 0),
    ]


def test_an_equal_score_is_wrong() -> None:
    found = ClassScores(JUDGE)
    found.add(np.array([[1, 2, 2]], np.float32), np.array([1], np.float32), "a".__getitem__)
    assert found.confusion[1].tolist() == [0, 0, 1]
    assert found.ranked() == [WorstItem(0, "a", 1, 2)]


def test_only_the_worst_are_kept() -> None:
    found = ClassScores(JUDGE)
    scores = np.array([[0, index, 0] for index in range(1, 31)], np.float32)
    found.add(scores, np.zeros(30, np.float32), str)
    assert [item.margin for item in found.ranked()] == list(range(30, 20, -1))
    assert found.accuracies()[2] == (0, 0, None)


def test_positions_and_ignored_labels() -> None:
    """(1, 3, 1, 2): scores of two positions; the label of the second is not counted."""
    found = ClassScores(JUDGE._replace(ignored=255))
    scores = np.array([[[[0, 1]], [[2, 0]], [[1, 0]]]], np.float32)
    found.add(scores, np.array([[[[1, 255]]]], np.float32), str)
    assert found.confusion.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert found.ranked() == []


DATA = given("data", 2, 4) + given("label", 2) + inner_product("fc", "data", 3)
ACCURACY = layer("Accuracy", "a", "fc label", "a", "accuracy_param { ignore_label: 1 }")
LOSS = layer("SoftmaxWithLoss", "l", "fc label", "l")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DATA + LOSS + ACCURACY, Judge("fc", "label", 1, 3, 1)),
        (DATA + LOSS, Judge("fc", "label", 1, 3, None)),
        (DATA, None),
    ],
)
def test_judges(text: str, expected: Judge | None) -> None:
    assert judge_of(net(text, "TEST")) == expected
