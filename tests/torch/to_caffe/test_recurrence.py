"""LSTM, compared with PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe.recurrence import onnx_lstm
from tests.torch.drafts import computed, converted, drafted, drawn, types


@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2, "bidirectional": True}, {"batch_first": True, "bias": False}]
)
def test_the_module_of_pytorch(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    lstm = nn.LSTM(3, 5, **options)
    net = converted(lambda x, lstm: lstm(x)[0], lstm, shape=(4, 2, 3))
    layers = 2 * options.get("num_layers", 1) if options.get("bidirectional") else 1
    assert types(net.prototxt).count("LSTM") == layers
    assert net.difference < 1e-6


def test_onnx_has_another_order_of_gates() -> None:
    """ONNX: input, output, forget, candidate; PyTorch: input, forget, candidate, output."""
    torch.manual_seed(0)
    lstm, x = nn.LSTM(3, 5), drawn(4, 2, 3)
    with torch.no_grad():
        expected = lstm(torch.tensor(x))[0].unsqueeze(1)
    parts = []
    for tensor in (lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0, lstm.bias_hh_l0):
        i, f, c, o = np.split(tensor.detach().numpy(), 4)  # type: ignore[operator]
        parts.append(np.concatenate([i, o, f, c]))
    d, a = drafted(x.shape)
    weight, recurrent = parts[0][None], parts[1][None]
    y, *_ = onnx_lstm(d, a, weight, recurrent, np.concatenate(parts[2:])[None], hidden_size=5)
    np.testing.assert_allclose(computed(d, y, x), expected, atol=1e-6)


def test_refusals() -> None:
    d, x = drafted((4, 2, 3))
    weight, recurrent = drawn(1, 20, 3), drawn(1, 20, 5)
    with pytest.raises(CaffeToolsError, match="this form of LSTM"):
        onnx_lstm(d, x, weight, recurrent, clip=3.0)
    start = torch.ones(1, 2, 5)
    with pytest.raises(CaffeToolsError, match="initial states other than zeros"):
        converted(lambda x, lstm: lstm(x, (start, start))[0], nn.LSTM(3, 5), shape=(4, 2, 3))
    with pytest.raises(CaffeToolsError, match="a projection of the hidden state"):
        converted(lambda x, lstm: lstm(x)[0], nn.LSTM(3, 5, proj_size=2), shape=(4, 2, 3))
