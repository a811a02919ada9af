"""Caffe's fillers: fans, ranges and deviations, and the bilinear kernel."""

from __future__ import annotations

import math

import pytest
import torch

from caffetools.torch.runtime.fillers import (
    bilinear_,
    filler_fan,
    msra_,
    positive_unitball_,
    sparse_gaussian_,
    xavier_,
)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("shape", "variance_norm", "expected"),
    [
        ((20, 10, 3, 5), "FAN_IN", 10 * 3 * 5),
        ((20, 10, 3, 5), "FAN_OUT", 20 * 3 * 5),
        ((20, 10, 3, 5), "AVERAGE", (150 + 300) / 2),
        ((7,), "FAN_IN", 1),
        ((7,), "FAN_OUT", 7),
        ((4, 3, 2, 2, 2), "FAN_OUT", 4 * 8),
    ],
)
def test_fan(shape: tuple[int, ...], variance_norm: str, expected: float) -> None:
    assert filler_fan(torch.empty(shape), variance_norm) == expected


def test_xavier() -> None:
    filled = xavier_(torch.empty(100, 50, 3, 2), "FAN_OUT")
    bound = math.sqrt(3 / (100 * 3 * 2))
    assert filled.abs().max() <= bound
    assert filled.abs().max() > 0.99 * bound
    assert abs(filled.mean()) < 0.02 * bound


def test_msra() -> None:
    filled = msra_(torch.empty(100, 50, 3, 2))
    assert filled.std().item() == pytest.approx(math.sqrt(2 / (50 * 3 * 2)), rel=0.02)


def test_sparse_gaussian() -> None:
    filled = sparse_gaussian_(torch.empty(50, 400), mean=0, std=3, sparse=5)
    # each value is kept with a chance of 5 / 50
    assert (filled != 0).float().mean().item() == pytest.approx(0.1, rel=0.1)
    assert filled[filled != 0].std().item() == pytest.approx(3, rel=0.05)
    assert sparse_gaussian_(torch.empty(2, 3), mean=1, std=1, sparse=0).abs().max() == 0
    assert (sparse_gaussian_(torch.empty(2, 3), mean=9, std=1, sparse=7) != 0).all()


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2, 2)])
def test_positive_unitball(shape: tuple[int, ...]) -> None:
    filled = positive_unitball_(torch.empty(shape))
    assert filled.min() >= 0
    torch.testing.assert_close(filled.flatten(1).sum(1), torch.ones(4))


def test_positive_unitball_of_one_axis_is_all_ones() -> None:
    assert positive_unitball_(torch.empty(3)).tolist() == [1, 1, 1]


def test_bilinear() -> None:
    # kernel 4: f = 2, c = 3 / 4: 1 - |x / 2 - 3 / 4| = 0.25, 0.75, 0.75, 0.25
    line = torch.tensor([0.25, 0.75, 0.75, 0.25])
    filled = bilinear_(torch.empty(2, 1, 4, 4))
    assert torch.equal(filled[1, 0], line.outer(line))
    # kernel 3: f = 2, c = 2 / 4: 0.5, 1, 0.5
    assert bilinear_(torch.empty(1, 1, 3, 3))[0, 0, 1].tolist() == [0.5, 1, 0.5]


def test_no_gradient_is_recorded() -> None:
    parameter = torch.nn.Parameter(torch.empty(2, 2, 3, 3))
    for filler in (xavier_, msra_, positive_unitball_, bilinear_):
        filler(parameter)
    assert parameter.grad_fn is None
