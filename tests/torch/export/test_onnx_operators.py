"""Translations of single operators; nets with them are in test_onnx_file.py."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from caffetools.torch.export.onnx_operators import translations


class Sorted(nn.Module):
    """Positions along an axis, in either direction."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        down = x.sort(dim=1, descending=True, stable=True)[1]
        return down, x.sort(dim=1, stable=True)[1]


def results(module: nn.Module, x: Tensor) -> list[np.ndarray]:
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    made = torch.onnx.export(
        module.eval(), (x,), input_names=["x"], custom_translation_table=translations(module)
    )
    assert made is not None
    session = runtime.InferenceSession(made.model_proto.SerializeToString())
    found: list[np.ndarray] = session.run(None, {"x": x.numpy()})
    return found


@pytest.mark.filterwarnings("ignore")
def test_a_sort_is_stable() -> None:
    down, up = results(Sorted(), torch.tensor([[1.0, 3, 1, 3, 2]]))
    assert down.tolist() == [[1, 3, 4, 0, 2]]
    assert up.tolist() == [[0, 2, 4, 1, 3]]


class Pools(nn.Module):
    """Average pooling, of windows that reach beyond the input in various ways."""

    def __init__(self) -> None:
        super().__init__()
        sizes = itertools.product([(2, 2), (3, 2), (5, 5)], [(1, 1), (2, 3)], [(0, 0), (1, 1)])
        self.pools = nn.ModuleList(
            nn.AvgPool2d(kernel, stride, padding, ceil_mode=True)
            for kernel, stride, padding in sizes
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(pool(x) for pool in self.pools)


@pytest.mark.filterwarnings("ignore")
def test_windows_beyond_the_padding() -> None:
    module, x = Pools(), torch.randn(1, 2, 7, 6)
    for found, wanted in zip(results(module, x), module(x), strict=True):
        np.testing.assert_allclose(found, wanted.numpy(), atol=1e-5)
