"""An exported module in Caffe's terms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import caffetools
from caffetools.net.net import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.exported import loss_weight, to_caffe
from caffetools.torch.export.live import module_of
from tests.torch.nets import PHASES, SHARING

SHARED_SLOPE = (
    'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }'
    'layer { name: "p" type: "PReLU" bottom: "x" top: "y" prelu_param { channel_shared: true } }'
)


def test_parameters_are_copied_in_caffes_order() -> None:
    module = module_of(assemble(from_text(PHASES)))
    found = to_caffe(module)
    assert [blob.shape for blob in found["ip"]] == [(3, 4), (3,)]
    found["ip"][0][:] = 7
    assert not (module.get_parameter("ip.weight") == 7).any()


def test_shapes_are_caffes() -> None:
    module = module_of(assemble(from_text(SHARED_SLOPE)))
    (slope,) = to_caffe(module)["p"]
    assert slope.shape == ()
    assert module.get_parameter("p.weight").shape == (1,)


def test_gradients_and_what_is_missing() -> None:
    module = module_of(assemble(from_text(SHARING)))
    found = to_caffe(module, {"c.bias": torch.arange(3.0, dtype=torch.float64)})
    assert found["c"][1].tolist() == found["cp"][1].tolist() == [0, 1, 2]
    assert found["c"][1].dtype == np.float32
    assert not found["c"][0].any()
    assert [blob.shape for blob in found["half"]] == [(3, 5), (3,)]


def test_loss_weights() -> None:
    weighted = PHASES.replace('top: "loss" }', 'top: "loss" loss_weight: 0.5 }')
    module = module_of(assemble(from_text(weighted)))
    assert loss_weight(module, "loss") == 0.5
    assert loss_weight(module, "ip") == 0


def test_what_is_no_export() -> None:
    assert loss_weight(torch.nn.Linear(1, 1), "loss") == 0
    with pytest.raises(AttributeError):
        to_caffe(torch.nn.Linear(1, 1))


def test_both_are_public() -> None:
    assert caffetools.to_caffe is to_caffe
    assert caffetools.loss_weight is loss_weight
