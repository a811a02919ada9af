"""Caffe's losses: golden cases, and each formula written out for a few numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.loss import (
    LARGEST_LOSS,
    by_class,
    contrastive_loss,
    euclidean_loss,
    hinge_loss,
    infogain_loss,
    loss_divisor,
    multinomial_logistic_loss,
    sigmoid_cross_entropy_loss,
    smooth_l1_loss,
    softmax_with_loss,
)
from caffetools.torch.runtime.scaling import Bias, Scale
from tests.torch.cases import Blobs, check_case, check_runs_everywhere, gradients, read_case

Loss = Callable[[Blobs], Tensor]


@pytest.mark.parametrize(
    ("name", "loss", "weight"),
    [
        ("layers/softmaxloss", lambda b: softmax_with_loss(b["x"], b["t"]), 1),
        ("layers/softmaxloss_axis", lambda b: softmax_with_loss(b["x"], b["t"], 2), 1),
        (
            "layers/softmaxloss_old_norm",
            lambda b: softmax_with_loss(b["x"], b["t"], normalization="BATCH_SIZE"),
            1,
        ),
        (
            "layers/softmaxloss_spatial_batch_size",
            lambda b: softmax_with_loss(b["x"], b["t"], 1, 1, "BATCH_SIZE"),
            0.3,
        ),
        (
            "layers/softmaxloss_spatial_full",
            lambda b: softmax_with_loss(b["x"], b["t"], 1, 1, "FULL"),
            0.3,
        ),
        (
            "layers/softmaxloss_spatial_none",
            lambda b: softmax_with_loss(b["x"], b["t"], 1, 1, "NONE"),
            1,
        ),
        ("layers/softmaxloss_spatial_valid", lambda b: softmax_with_loss(b["x"], b["t"], 1, 1), 1),
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
    assert loss_divisor(normalization, 3, 4, valid) == expected
    assert int(loss_divisor(normalization, 3, 4, torch.tensor(valid))) == expected


def test_by_class() -> None:
    scores, labels = by_class(torch.zeros(2, 3, 4, 5), torch.ones(2, 1, 4, 5), 1)
    assert scores.shape == (2, 3, 20)
    assert labels.shape == (2, 20)
    assert labels.dtype == torch.int64
    assert by_class(torch.zeros(2, 3, 4), torch.ones(6), 2)[0].shape == (6, 4, 1)


def test_a_label_costs_at_most_the_cap_and_still_has_its_gradient() -> None:
    x = torch.tensor([[200.0, 0], [0.0, 0]], requires_grad=True)
    loss = softmax_with_loss(x, torch.tensor([1.0, 1]))
    assert loss.item() == pytest.approx((LARGEST_LOSS + math.log(2)) / 2)
    assert pytest.approx(-math.log(torch.finfo(torch.float32).tiny)) == LARGEST_LOSS
    (gradient,) = gradients(loss, x)
    torch.testing.assert_close(gradient, torch.tensor([[0.5, -0.5], [0.25, -0.25]]))


def test_all_labels_ignored() -> None:
    x = torch.randn(2, 3, requires_grad=True)
    loss = softmax_with_loss(x, torch.full((2,), 255.0), ignore_label=255)
    (gradient,) = gradients(loss, x)
    assert loss.item() == 0
    assert gradient.abs().max() == 0


def test_infogain_by_hand() -> None:
    x, infogain = torch.tensor([[0.0, 0]]), torch.tensor([[1.0, 2], [3, 4]])
    # every probability is 1/2: -(3 * log(1/2) + 4 * log(1/2))
    assert infogain_loss(x, torch.tensor([1.0]), infogain).item() == pytest.approx(7 * math.log(2))
    # -(1 * log(1e-20) + 2 * log(1)) where the softmax is (0, 1)
    capped = infogain_loss(torch.tensor([[-300.0, 0]]), torch.tensor([0.0]), infogain)
    assert capped.item() == pytest.approx(20 * math.log(10))


def test_infogain_ignores() -> None:
    x = torch.randn(2, 3, requires_grad=True)
    label = torch.tensor([1.0, 255.0])
    one = infogain_loss(x[:1], label[:1], torch.eye(3))
    loss = infogain_loss(x, label, torch.eye(3), ignore_label=255)
    torch.testing.assert_close(loss, one)
    torch.testing.assert_close(loss, F.cross_entropy(x[:1], torch.tensor([1])))
    full = infogain_loss(x, label, torch.eye(3), ignore_label=255, normalization="FULL")
    torch.testing.assert_close(full, one / 2)


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
    weighted = smooth_l1_loss(a, b, inside, outside)
    assert weighted.item() == pytest.approx(2 * 0.125 + 10 * 0.5 * 0.09)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: softmax_with_loss(x, x.new_ones(2, 4), ignore_label=0),
        lambda x: infogain_loss(x, x.new_ones(2, 4), x.new_ones(3, 3), ignore_label=0),
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
