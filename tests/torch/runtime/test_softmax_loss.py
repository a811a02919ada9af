"""Losses of a softmax: golden cases, and formulas by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from caffetools.torch.runtime.loss import LARGEST_LOSS
from caffetools.torch.runtime.softmax_loss import infogain_loss, softmax_losses, softmax_with_loss
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
    ],
)
def test_golden(caffe: Path, name: str, loss: Loss, weight: float) -> None:
    case = read_case(caffe, name)
    check_case(case, lambda blobs: {"y": loss(blobs)}, loss_weights={"y": weight})


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


@pytest.mark.parametrize(
    "function",
    [
        lambda x: softmax_with_loss(x, x.new_ones(2, 4), ignore_label=0),
        lambda x: infogain_loss(x, x.new_ones(2, 4), x.new_ones(3, 3), ignore_label=0),
    ],
)
def test_runs_everywhere(function: Callable[[Tensor], Tensor]) -> None:
    check_runs_everywhere(function, torch.randn(2, 3, 4))


def test_losses_have_the_shape_of_the_labels() -> None:
    x, label = torch.zeros(2, 4, 3), torch.tensor([[[0.0, 1, 9]], [[3, 2, 9]]])
    losses = softmax_losses(x, label, ignore_label=9)
    torch.testing.assert_close(losses, torch.tensor([[[1.0, 1, 0]]] * 2) * math.log(4))
