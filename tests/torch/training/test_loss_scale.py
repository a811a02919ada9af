from __future__ import annotations

import math

import pytest
import torch

from caffetools.torch.training.loss_scale import LossScale


def with_gradient(*values: float) -> torch.Tensor:
    tensor = torch.zeros(len(values), requires_grad=True)
    tensor.grad = torch.tensor(values)
    return tensor


def test_steps() -> None:
    """Divided by 2^16; halved by an overflow of any blob; doubled after 2,000 steps without one."""
    scale, fixed = LossScale(), torch.zeros(1)
    tensor = with_gradient(2.0**16, -(2.0**15))
    assert scale.unscale([tensor, fixed])
    assert tensor.grad is not None
    assert tensor.grad.tolist() == [1, -0.5]
    for value in (math.inf, -math.inf, math.nan):
        assert not scale.unscale([with_gradient(1.0), with_gradient(0.0, value)])
    assert (scale.factor, scale.steps) == (2.0**13, 0)
    for _ in range(2000):
        assert scale.unscale([])
    assert (scale.factor, scale.steps) == (2.0**14, 0)


def test_it_is_pytorchs() -> None:
    """Every factor after each of 2,010 steps, some of which overflow."""
    ours, tensor = LossScale(), with_gradient(0.0)
    theirs = torch.amp.GradScaler("cpu")
    optimizer = torch.optim.SGD([tensor], 1.0)
    for step in range(2010):
        value = math.inf if step in (0, 3, 4) else 1.0
        tensor.grad = torch.tensor([value])
        theirs.scale(torch.zeros(1))
        theirs.step(optimizer)
        theirs.update()
        tensor.grad = torch.tensor([value])
        assert ours.unscale([tensor]) == math.isfinite(value)
        assert ours.factor == pytest.approx(theirs.get_scale(), rel=0)
