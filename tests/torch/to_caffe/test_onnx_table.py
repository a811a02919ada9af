"""The table of ONNX's operators."""

from __future__ import annotations

import pytest

from caffetools.torch.to_caffe.onnx_table import OPERATORS

onnx = pytest.importorskip("onnx")


@pytest.mark.parametrize("name", OPERATORS)
def test_each_is_an_operator_of_onnx(name: str) -> None:
    assert onnx.defs.has(name)
    assert callable(OPERATORS[name])
