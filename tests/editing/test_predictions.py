"""Losses: their scores, weights and rivals; the layers that they contain; metrics."""

from __future__ import annotations

import pytest

from caffetools.editing.predictions import heads, is_metric, losses
from tests.nets import layer, message

TEXT = layer("SoftmaxWithLoss", "a", "s label", "a", "loss_weight: 0.5")
TEXT += layer("SoftmaxWithLoss", "b", "t label", "b")
TEXT += layer("SoftmaxWithLoss", "again", "t label", "again")
TEXT += layer("EuclideanLoss", "c", "label u", "c")
TEXT += layer("Reduction", "d", "u", "d", "loss_weight: 2")
LEARNED = ("s", "t", "u")


def test_losses() -> None:
    found = losses(message(TEXT), LEARNED)
    assert [(loss.type, loss.scores, loss.weight) for loss in found] == [
        ("SoftmaxWithLoss", ("s",), 0.5),
        ("SoftmaxWithLoss", ("t",), 1),
        ("EuclideanLoss", ("u",), 1),
    ]


@pytest.mark.parametrize(("shape", "expected"), [((1, 2), True), ((1, 3), False), (None, False)])
def test_rivals_have_scores_of_one_shape(shape: tuple[int, ...] | None, *, expected: bool) -> None:
    first, second, third = losses(message(TEXT), LEARNED)
    assert first.rivals(second, {"s": (1, 2), "t": shape}) is expected
    assert not first.rivals(third, {"s": (1, 2), "u": (1, 2)})


def test_a_head_has_a_free_name_and_is_made_once() -> None:
    net = message(TEXT)
    first = losses(net, LEARNED)[0]
    names = [
        [made.text("name") for made in heads(net, first, alone, taken, present)]
        for alone, taken, present in (
            (True, (), ()),
            (True, ("prob", "prob_"), ()),
            (False, (), ()),
            (True, (), [("Softmax", "s")]),
        )
    ]
    assert names == [["prob"], ["prob__"], ["s_prob"], []]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('type: "Accuracy"', True),
        ('type: "SoftmaxWithLoss"', True),
        ('type: "SoftmaxWithLoss" loss_weight: 0', True),
        ('type: "Power" loss_weight: 1', True),
        ('type: "Silence"', True),
        ('type: "Power"', False),
        ('type: "Unknown"', False),
    ],
)
def test_metrics(text: str, *, expected: bool) -> None:
    assert is_metric(message(text, "LayerParameter")) is expected
