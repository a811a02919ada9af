"""Activations with Caffe's gradient."""

from __future__ import annotations

import pytest
import torch

from caffetools.torch.runtime.activation import relu_by_later_signs


@pytest.mark.parametrize(("slope", "expected"), [(0.0, [0, 1, 0]), (0.5, [0.5, 1, 0.5])])
def test_the_gradient_goes_by_later_signs(slope: float, expected: list[float]) -> None:
    x = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    later = torch.tensor([-1.0, 2.0, 0.0])
    y = relu_by_later_signs(x, later, slope)
    assert y.tolist() == [1, -2 * slope, 3]
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert gradient.tolist() == expected


def test_no_gradient_reaches_what_is_later() -> None:
    later = torch.ones(1, requires_grad=True)
    y = relu_by_later_signs(torch.ones(1, requires_grad=True), later)
    (gradient,) = torch.autograd.grad(y.sum(), later, allow_unused=True)
    assert gradient is None
