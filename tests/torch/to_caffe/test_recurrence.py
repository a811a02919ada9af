"""LSTM and GRU, compared with PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe.recurrence import gru, lstm, onnx_recurrent
from tests.torch.drafts import computed, converted, drafted, drawn, types


@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2, "bidirectional": True}, {"batch_first": True, "bias": False}]
)
def test_the_module_of_pytorch(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    net = converted(lambda x, lstm: lstm(x)[0], nn.LSTM(3, 5, **options), shape=(4, 2, 3))
    layers = 2 * options.get("num_layers", 1) if options.get("bidirectional") else 1
    assert types(net.prototxt).count("LSTM") == layers
    assert net.difference < 1e-6


def test_onnx_has_another_order_of_gates() -> None:
    """ONNX: input, output, forget, candidate; PyTorch: input, forget, candidate, output."""
    torch.manual_seed(0)
    module, x = nn.LSTM(3, 5), drawn(4, 2, 3)
    with torch.no_grad():
        expected = module(torch.tensor(x))[0].unsqueeze(1)
    parts = []
    for tensor in module.parameters():
        i, f, c, o = np.split(tensor.detach().numpy(), 4)
        parts.append(np.concatenate([i, o, f, c]))
    d, a = drafted(x.shape)
    weight, recurrent = parts[0][None], parts[1][None]
    bias = np.concatenate(parts[2:])[None]
    y, *_ = onnx_recurrent(lstm, d, a, weight, recurrent, bias, hidden_size=5)
    np.testing.assert_allclose(computed(d, y, x), expected, atol=1e-6)


@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2, "bidirectional": True}, {"batch_first": True, "bias": False}]
)
def test_gru_is_unrolled(options: dict[str, Any]) -> None:
    """A step: Slice of the gates and the candidate, two products, Sigmoid, TanH."""
    torch.manual_seed(0)
    net = converted(lambda x, gru: gru(x), nn.GRU(3, 5, **options), shape=(3, 2, 3))
    directions = 4 if options.get("bidirectional") else 1
    steps = directions * (2 if options.get("batch_first") else 3)
    assert types(net.prototxt).count("InnerProduct") == directions + 2 * steps
    assert types(net.prototxt).count("TanH") == steps
    assert net.difference < 1e-6


def test_onnx_resets_the_state_before_the_product_by_default() -> None:
    """One step from h = 1 of one unit; rows z, r, c with weights 0: z = r = 1/2, c = tanh(2 r h).

    From h = 0 the first candidate is tanh(1), h = tanh(1) / 2; then r h = h / 2, so that
    c = tanh(1 + 2 h / 2) and h' = (c + h) / 2.
    """
    d, a = drafted((2, 1, 1))
    weight, recurrent = np.array([[[0.0], [0], [1]]]), np.array([[[0.0], [0], [2]]])
    y, last = onnx_recurrent(gru, d, a, weight, recurrent)
    first = np.tanh(1) / 2
    second = (np.tanh(1 + 2 * first / 2) + first) / 2
    found = computed(d, y, np.ones((2, 1, 1)))
    np.testing.assert_allclose(found.ravel(), [first, second], rtol=1e-5)
    assert last.shape == (1, 1, 1)


def test_refusals() -> None:
    d, x = drafted((4, 2, 3))
    weight, recurrent = drawn(1, 20, 3), drawn(1, 20, 5)
    with pytest.raises(CaffeToolsError, match="these options have no form"):
        onnx_recurrent(lstm, d, x, weight, recurrent, clip=3.0)
    start = torch.ones(1, 2, 5)
    with pytest.raises(CaffeToolsError, match="initial states other than zeros"):
        converted(lambda x, lstm: lstm(x, (start, start))[0], nn.LSTM(3, 5), shape=(4, 2, 3))
    with pytest.raises(CaffeToolsError, match="a projection of the hidden state"):
        converted(lambda x, lstm: lstm(x)[0], nn.LSTM(3, 5, proj_size=2), shape=(4, 2, 3))
    with pytest.raises(CaffeToolsError, match="65 slices of one tensor exceed 64"):
        converted(lambda x, gru: gru(x)[0], nn.GRU(3, 5), shape=(65, 1, 3))
