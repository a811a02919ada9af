"""The table of PyTorch's operators."""

from __future__ import annotations

import pytest
import torch

from caffetools.torch.to_caffe.aten_table import OPERATORS


@pytest.mark.parametrize("name", OPERATORS)
def test_each_is_an_operator_of_pytorch(name: str) -> None:
    assert hasattr(torch.ops.aten, name)
    assert callable(OPERATORS[name])
