"""Which layer classes have an emitter."""

from __future__ import annotations

from importlib import import_module

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


@pytest.mark.parametrize("name", REGISTRY.types())
def test_a_type_has_an_emitter_in_the_file_of_its_kind_or_a_reason(name: str) -> None:
    layer_class = REGISTRY.find(name)
    assert layer_class is not None
    emitter = emitter_of(layer_class)
    if emitter is None:
        assert layer_class.no_torch, f"{name} has neither an emitter nor a reason, no_torch"
    else:
        assert layer_class.no_torch == "", f"{name} has an emitter, and no_torch"
        kind = layer_class.__module__.rpartition(".")[2]
        assert layer_class in import_module(f"caffetools.torch.emit.{kind}").EMITTERS
