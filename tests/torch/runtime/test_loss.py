"""Caffe's losses: golden cases, and each formula written out for a few numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.elementwise import Bias, Scale
from caffetools.torch.runtime.loss import (
    by_class,
    contrastive_loss,
    euclidean_loss,
    hinge_loss,
    loss_divisor,
    multinomial_logistic_loss,
    sigmoid_cross_entropy_loss,
    smooth_l1_loss,
)
from caffetools.torch.runtime.softmax_loss import infogain_loss
from tests.torch.cases import Blobs, check_case, check_runs_everywhere, gradients, read_case

Loss = Callable[[Blobs], Tensor]


@pytest.mark.parametrize(
    ("name", "loss", "weight"),
    [
        ("layers/sigmoidce", lambda b: sigmoid_cross_entropy_loss(b["x"], b["t"]), 1),
        (
            "layers/sigmoidce_ignore",
            lambda b: sigmoid_cross_entropy_loss(b["x"], b["t"], 1, "FULL"),
            1,
        ),
        ("layers/euclidean", lambda b: euclidean_loss(b["a"], b["b"]), 2),
        ("layers/hinge_l1", lambda b: hinge_loss(b["x"], b["t"]), 1),
        ("layers/hinge_l2", lambda b: hinge_loss(b["x"], b["t"], "L2"), 1),
        ("layers/contrastive_false", lambda b: contrastive_loss(b["a"], b["b"], b["t"], 2), 1),
        (
            "layers/contrastive_true",
            lambda b: contrastive_loss(b["a"], b["b"], b["t"], 1, legacy_version=True),
            1,
        ),
        (
            "layers/multinomial",
            lambda b: multinomial_logistic_loss(F.softmax(b["x"], 1), b["t"]),
            1,
        ),
        ("layers_ssd/smoothl1", lambda b: smooth_l1_loss(b["a"], b["b"]), 1),
        ("layers_ssd/smoothl1_2d", lambda b: smooth_l1_loss(b["a"], b["b"]), 1),
    ],
)
def test_golden(caffe: Path, name: str, loss: Loss, weight: float) -> None:
    case = read_case(caffe, name)
    check_case(case, lambda blobs: {"y": loss(blobs)}, loss_weights={"y": weight})


def test_golden_after_a_layer(caffe: Path) -> None:
    scale = Scale((3,))
    check_case(
        read_case(caffe, "layers/infogain"),
        lambda b: {"y": infogain_loss(scale(b["x"]), b["t"], b["h"])},
        {"b": scale},
    )
    bias = Bias((3, 4, 2, 2), axis=0)
    check_case(
        read_case(caffe, "layers_ssd/smoothl1_bottom_only"),
        lambda b: {"y": smooth_l1_loss(bias(b["a"]), b["b"])},
        {"ab": bias},
        {"y": 0.5},
    )


@pytest.mark.parametrize(
    ("normalization", "valid", "expected"),
    [
        ("FULL", 5, 3 * 4),
        ("VALID", 5, 5),
        ("VALID", 0, 1),
        ("BATCH_SIZE", 5, 3),
        ("NONE", 5, 1),
    ],
)
def test_divisor(normalization: str, valid: int, expected: int) -> None:
    positions = torch.zeros(3, 4)
    assert loss_divisor(normalization, positions, valid) == expected
    assert int(loss_divisor(normalization, positions, torch.tensor(valid))) == expected


def test_by_class() -> None:
    scores, labels = by_class(torch.zeros(2, 3, 4, 5), torch.ones(2, 1, 4, 5), 1)
    assert scores.shape == (2, 3, 20)
    assert labels.shape == (2, 20)
    assert labels.dtype == torch.int64
    assert by_class(torch.zeros(2, 3, 4), torch.ones(6), 2)[0].shape == (6, 4, 1)


def test_multinomial_logistic_by_hand() -> None:
    prob = torch.tensor([[0.25, 0.75], [1.0, 0]], requires_grad=True)
    loss = multinomial_logistic_loss(prob, torch.tensor([0.0, 1]))
    assert loss.item() == pytest.approx((math.log(4) + 20 * math.log(10)) / 2)
    (gradient,) = gradients(loss, prob)
    torch.testing.assert_close(gradient, torch.tensor([[-0.5 / 0.25, 0], [0, -0.5 / 1e-20]]))


def test_sigmoid_cross_entropy_ignores_by_the_integer_part() -> None:
    x = torch.tensor([[0.0, 0, 0]], requires_grad=True)
    target = torch.tensor([[0.5, 0, 1]])
    loss = sigmoid_cross_entropy_loss(x, target, 0, "VALID")
    assert loss.item() == pytest.approx(math.log(2))
    (gradient,) = gradients(loss, x)
    assert gradient.tolist() == [[0, 0, -0.5]]


def test_euclidean_by_hand() -> None:
    # (3^2 + 4^2) / 2 / 1
    assert euclidean_loss(torch.tensor([[3.0, 4]]), torch.zeros(1, 2, 1)).item() == 12.5


@pytest.mark.parametrize(("norm", "expected"), [("L1", 0.5 + 3), ("L2", 0.25 + 9)])
def test_hinge_by_hand(norm: str, expected: float) -> None:
    # max(0, 1 - 0.5), max(0, 1 + 2), max(0, 1 - 4)
    x = torch.tensor([[0.5, 2, -4]])
    assert hinge_loss(x, torch.tensor([0.0]), norm).item() == expected


def test_contrastive_by_hand() -> None:
    a, b = torch.tensor([[3.0, 4], [0, 1]]), torch.zeros(2, 2)
    # distances 5 and 1
    similar = contrastive_loss(a, b, torch.tensor([1.0, 1]))
    assert similar.item() == (25 + 1) / 4
    apart = contrastive_loss(a, b, torch.tensor([0.0, 0]), margin=3)
    assert apart.item() == (0 + 2**2) / 4
    legacy = contrastive_loss(a, b, torch.tensor([0.0, 0]), margin=3, legacy_version=True)
    assert legacy.item() == (0 + 3 - 1) / 4


def test_contrastive_gradient_of_two_equal_items_is_0() -> None:
    a = torch.zeros(1, 2, requires_grad=True)
    (gradient,) = gradients(contrastive_loss(a, torch.zeros(1, 2), torch.zeros(1)), a)
    assert gradient.tolist() == [[0, 0]]


def test_smooth_l1_by_hand() -> None:
    a, b = torch.tensor([[0.5, 3.0]]), torch.zeros(1, 2)
    assert smooth_l1_loss(a, b).item() == 0.5 * 0.25 + 3 - 0.5
    # sigma 2: 1 / sigma^2 = 0.25, so |0.5| is beyond: 0.5 - 0.125
    assert smooth_l1_loss(a, b, sigma=2).item() == 0.5 - 0.125 + 3 - 0.125
    inside, outside = torch.tensor([[1.0, 0.1]]), torch.tensor([[2.0, 10]])
    leaves = [each.requires_grad_() for each in (a, inside, outside)]
    weighted = smooth_l1_loss(a, b, inside, outside)
    assert weighted.item() == pytest.approx(2 * 0.125 + 10 * 0.5 * 0.09)
    # Weights are constants; 1 * 0.5 * 2 and 0.1 * 0.3 * 10.
    found = [each.flatten().tolist() for each in gradients(weighted, *leaves)]
    assert found == [pytest.approx([1, 0.3]), [0, 0], [0, 0]]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: multinomial_logistic_loss(x.abs(), x.new_ones(2)),
        lambda x: sigmoid_cross_entropy_loss(x, x, 1, "VALID"),
        lambda x: euclidean_loss(x, x * 2),
        lambda x: hinge_loss(x, x.new_ones(2)),
        lambda x: contrastive_loss(x, x * 2, x.new_ones(2)),
        lambda x: smooth_l1_loss(x, x * 2, x, x),
    ],
)
def test_runs_everywhere(function: Callable[[Tensor], Tensor]) -> None:
    check_runs_everywhere(function, torch.randn(2, 3, 4))
