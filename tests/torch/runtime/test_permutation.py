"""Reorg as Darknet's loop has it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from caffetools.torch.runtime.permutation import reorg
from tests.torch.cases import check_runs_everywhere


def darknet(x: Tensor, stride: int, *, forward: bool) -> Tensor:
    """reorg_cpu, over one item's memory."""
    channels, height, width = x.shape[1:]
    outer = channels // stride**2
    flat, result = x.flatten(), torch.zeros(x.numel())
    for k in range(channels):
        for j in range(height):
            for i in range(width):
                near = i + width * (j + height * k)
                w = i * stride + (k // outer) % stride
                h = j * stride + (k // outer) // stride
                far = w + width * stride * (h + height * stride * (k % outer))
                if forward:
                    result[far] = flat[near]
                else:
                    result[near] = flat[far]
    return result


@pytest.mark.parametrize("reverse", [False, True])
def test_reorg_is_darknets(*, reverse: bool) -> None:
    x = torch.arange(1.0, 1 + 8 * 4 * 6).reshape(1, 8, 4, 6)
    y = reorg(x, 2, reverse=reverse)
    assert y.shape == ((1, 2, 8, 12) if reverse else (1, 32, 2, 3))
    assert torch.equal(y.flatten(), darknet(x, 2, forward=reverse))


def test_runs_everywhere() -> None:
    check_runs_everywhere(lambda x: reorg(x, 2), torch.randn(2, 4, 2, 2))
