"""Which layer classes have an emitter."""

from __future__ import annotations

import pytest

from caffetools.layers.base import Layer
from caffetools.layers.registry import REGISTRY
from caffetools.torch.emit import emitter_of

BVLC = """
    AbsVal Accuracy ArgMax BatchNorm BatchReindex Bias BNLL Clip Concat ContrastiveLoss Convolution
    Crop Deconvolution Dropout DummyData Eltwise ELU Embed EuclideanLoss Exp Filter Flatten
    HDF5Output HingeLoss Im2col InfogainLoss InnerProduct Log LRN LSTM LSTMUnit
    MultinomialLogisticLoss MVN Parameter Pooling Power PReLU Reduction ReLU Reshape RNN Scale
    Sigmoid SigmoidCrossEntropyLoss Silence Slice Softmax SoftmaxWithLoss Split SPP Swish TanH
    Threshold Tile
"""
DATA = "Data HDF5Data ImageData Input MemoryData WindowData"


@pytest.mark.parametrize("name", BVLC.split())
def test_every_type_of_caffe_is_there(name: str) -> None:
    layer_class = REGISTRY.find(name)
    assert layer_class is not None
    assert emitter_of(layer_class) is not None


@pytest.mark.parametrize("name", DATA.split())
def test_data_layers_are_inputs(name: str) -> None:
    layer_class = REGISTRY.find(name)
    assert layer_class is not None
    assert emitter_of(layer_class) is None


def test_a_class_of_a_users_own_has_none() -> None:
    class MemberRef(Layer):
        type = "MemberRef"

    assert emitter_of(MemberRef) is None
