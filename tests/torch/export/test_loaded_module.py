"""An exported module in this process: load it, run it, read its blobs in Caffe's terms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import caffetools
from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module, loss_weight, run_module, to_caffe
from tests.torch.nets import PHASES, SHARING


def test_weights_and_results() -> None:
    net = from_text(PHASES, phase="test")
    module = load_module(assemble(net), {"ip.weight": np.eye(3, 4), "ip.bias": np.zeros(3)})
    assert not module.training
    scores = np.array([[5, 0, 0, 0], [0, 5, 0, 0]], np.float32)
    accuracy, loss = run_module(module, scores, np.array([0, 0], np.float32))
    # The first is right, the second is not.
    assert accuracy == 0.5
    # -log(e^5 / (e^5 + 2)) = 0.0134, -log(1 / (e^5 + 2)) = 5.0134.
    np.testing.assert_allclose(loss, (0.013386 + 5.013386) / 2, rtol=1e-4)


def test_the_phase_is_the_nets() -> None:
    assert load_module(assemble(from_text(PHASES))).training


SHARED_SLOPE = (
    'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }'
    'layer { name: "p" type: "PReLU" bottom: "x" top: "y" prelu_param { channel_shared: true } }'
)


def test_parameters_are_copied_in_caffes_order() -> None:
    module = load_module(assemble(from_text(PHASES)))
    found = to_caffe(module)
    assert [blob.shape for blob in found["ip"]] == [(3, 4), (3,)]
    found["ip"][0][:] = 7
    assert not (module.get_parameter("ip.weight") == 7).any()


def test_shapes_are_caffes() -> None:
    module = load_module(assemble(from_text(SHARED_SLOPE)))
    (slope,) = to_caffe(module)["p"]
    assert slope.shape == ()
    assert module.get_parameter("p.weight").shape == (1,)


def test_gradients_and_what_is_missing() -> None:
    module = load_module(assemble(from_text(SHARING)))
    found = to_caffe(module, {"c.bias": torch.arange(3.0, dtype=torch.float64)})
    assert found["c"][1].tolist() == found["cp"][1].tolist() == [0, 1, 2]
    assert found["c"][1].dtype == np.float32
    assert not found["c"][0].any()
    assert [blob.shape for blob in found["half"]] == [(3, 5), (3,)]


def test_loss_weights() -> None:
    weighted = PHASES.replace('top: "loss" }', 'top: "loss" loss_weight: 0.5 }')
    module = load_module(assemble(from_text(weighted)))
    assert loss_weight(module, "loss") == 0.5
    assert loss_weight(module, "ip") == 0


def test_what_is_no_export() -> None:
    assert loss_weight(torch.nn.Linear(1, 1), "loss") == 0
    with pytest.raises(AttributeError):
        to_caffe(torch.nn.Linear(1, 1))


def test_both_are_public() -> None:
    assert caffetools.to_caffe is to_caffe
    assert caffetools.loss_weight is loss_weight
