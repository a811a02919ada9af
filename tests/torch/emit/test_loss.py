"""Losses between two bottoms, of Caffe and of its forks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.export.loaded_module import load_module
from tests.torch.emission import Shape, lines, program_of
from tests.torch.golden import check_emitted

CASES = (
    ("EuclideanLoss", [(2, 6), (2, 6)], 1, ["y = euclidean_loss(a, b)"]),
    ("SigmoidCrossEntropyLoss", [(2, 6), (2, 6)], 1, ["y = sigmoid_cross_entropy_loss(a, b)"]),
    (
        "SigmoidCrossEntropyLoss loss_param { normalize: true ignore_label: -1 }",
        [(2, 6), (2, 6)],
        1,
        ['y = sigmoid_cross_entropy_loss(a, b, ignore_label=-1, normalization="VALID")'],
    ),
    ("HingeLoss", [(2, 6), (2,)], 1, ["y = hinge_loss(a, b)"]),
    (
        "HingeLoss hinge_loss_param { norm: L2 }",
        [(2, 6), (2,)],
        1,
        ['y = hinge_loss(a, b, norm="L2")'],
    ),
    ("MultinomialLogisticLoss", [(2, 6), (2,)], 1, ["y = multinomial_logistic_loss(a, b)"]),
    ("ContrastiveLoss", [(2, 6), (2, 6), (2,)], 1, ["y = contrastive_loss(a, b, c)"]),
    (
        "ContrastiveLoss contrastive_loss_param { margin: 2 legacy_version: true }",
        [(2, 6), (2, 6), (2,)],
        1,
        ["y = contrastive_loss(a, b, c, margin=2.0, legacy_version=True)"],
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "tops", "expected"), CASES)
def test_lines(layer: str, bottoms: list[Shape], tops: int, expected: list[str]) -> None:
    assert lines(layer, *bottoms, tops=tops) == expected


@pytest.mark.parametrize("name", ["smoothl1", "smoothl1_2d", "smoothl1_bottom_only"])
def test_golden(caffe: Path, name: str) -> None:
    check_emitted(caffe, f"layers_ssd/{name}")


SHAPE = (2, 3, 4, 4)


FORK_CASES: tuple[tuple[str, list[Shape], str], ...] = (
    ("SmoothL1Loss", [SHAPE] * 2, "smooth_l1_loss(a, b)"),
    ("SmoothL1Loss", [SHAPE] * 3, "smooth_l1_loss(a, b, c)"),
    (
        "SmoothL1Loss smooth_l1_loss_param { sigma: 3 }",
        [SHAPE] * 4,
        "smooth_l1_loss(a, b, c, d, sigma=3.0)",
    ),
    ("L1Loss", [(2, 6)] * 2, 'F.l1_loss(a, b, reduction="sum") / a.size(0)'),
    (
        "L1Loss",
        [(2, 6), (2, 2, 3)],
        'F.l1_loss(a, b.reshape(a.shape), reduction="sum") / a.size(0)',
    ),
)


@pytest.mark.parametrize(("layer", "bottoms", "expected"), FORK_CASES)
def test_lines_of_forks(layer: str, bottoms: list[Shape], expected: str) -> None:
    assert lines(layer, *bottoms) == [f"y = {expected}"]


OHEM = (
    (
        "loss_param { normalization: NONE }",
        [SHAPE] * 2,
        'F.smooth_l1_loss(a, b, reduction="none").sum()',
    ),
    ("", [SHAPE] * 2, 'F.smooth_l1_loss(a, b, reduction="none").sum() / (a.size(0) * 16)'),
    (
        "loss_param { normalization: BATCH_SIZE }",
        [SHAPE] * 3,
        (
            "F.smooth_l1_loss(with_gradient_of(a * c, a), with_gradient_of(b * c, b), "
            'reduction="none").sum() / a.size(0)'
        ),
    ),
    (
        "loss_param { normalization: PRE_FIXED pre_fixed_normalizer: 128 }",
        [(5, 8)] * 2,
        (
            "F.smooth_l1_loss(a.reshape(5, 8, 1, 1), b.reshape(5, 8, 1, 1), "
            'reduction="none").sum() / 128.0'
        ),
    ),
)


@pytest.mark.parametrize(("options", "bottoms", "expected"), OHEM)
def test_lines_of_ohem(options: str, bottoms: list[Shape], expected: str) -> None:
    assert lines(f"SmoothL1LossOHEM {options}", *bottoms) == [f"y = {expected}"]


def test_ohem_by_hand() -> None:
    shape = (1, 2, 1, 2)
    module = load_module(program_of("SmoothL1LossOHEM", shape, shape, shape, tops=2))
    a = torch.tensor([[0.5, 2], [-3, 9]]).reshape(shape).requires_grad_()
    weights = torch.tensor([[1.0, 2], [1, 0]]).reshape(shape)
    total, by_place = module(a, torch.zeros(shape), weights)
    # 0.5 * 0.5^2, 2 * 2 - 0.5; 3 - 0.5, 0: two places
    assert by_place.flatten().tolist() == [0.125 + 2.5, 3.5]
    assert total.item() == (0.125 + 3.5 + 2.5) / 2
    total.backward()
    assert a.grad is not None
    # The weight of 2 is not in the gradient.
    assert a.grad.flatten().tolist() == [0.25, 0.5, -0.5, 0]


def test_l1_by_hand() -> None:
    module = load_module(program_of("L1Loss", (2, 2), (2, 2)))
    a, b = torch.tensor([[1.0, -2], [3, 0]]), torch.tensor([[0.0, 1], [3, 0.5]])
    assert module(a, b).item() == pytest.approx((1 + 3 + 0 + 0.5) / 2)


@pytest.mark.parametrize("kind", ["EuclideanLoss", "HingeLoss", "MultinomialLogisticLoss"])
def test_five_axes_of_which_caffe_reads_four(kind: str) -> None:
    """Blob::num() aborts in the first forward pass, after a setup without complaint."""
    second = (2, 3, 1, 1, 1) if kind == "EuclideanLoss" else (2,)
    lines(kind, (2, 3, 1, 1), second[:4])
    with pytest.raises(CaffeToolsError) as caught:
        lines(kind, (2, 3, 1, 1, 1), second)
    assert caught.value.message == "expected a bottom of at most 4 axes, found 2 x 3 x 1 x 1 x 1"
