from __future__ import annotations

import pytest

from caffetools.layers import REGISTRY
from caffetools.layers.base import Blobs, Layer

CAFFE = """
    AbsVal Accuracy ArgMax BatchNorm BatchReindex Bias BNLL Clip Concat ContrastiveLoss Convolution
    Crop Data Deconvolution Dropout DummyData Eltwise ELU Embed EuclideanLoss Exp Filter Flatten
    HDF5Data HDF5Output HingeLoss Im2col ImageData InfogainLoss InnerProduct Input Log LRN LSTM
    LSTMUnit MemoryData MultinomialLogisticLoss MVN Parameter Pooling Power PReLU Python Reduction
    ReLU Reshape RNN Scale Sigmoid SigmoidCrossEntropyLoss Silence Slice Softmax SoftmaxWithLoss
    Split SPP Swish TanH Threshold Tile WindowData
"""
"""The types that Caffe's master registers."""


@pytest.mark.parametrize("type_name", REGISTRY.types())
def test_a_class_says_what_it_is(type_name: str) -> None:
    layer_class = REGISTRY.find(type_name)
    assert layer_class is not None
    assert issubclass(layer_class, Layer)
    assert layer_class.__doc__
    assert layer_class.__doc__ != Layer.__doc__
    assert isinstance(layer_class.bottoms, Blobs)
    assert isinstance(layer_class.tops, Blobs)


# The type of a Python layer is its module and its class, with a dot between.


def test_all_of_caffes_own_types_are_known() -> None:
    types = set(CAFFE.split())
    assert len(types) == 61
    found = {name: REGISTRY.find(name) for name in REGISTRY.types() if "." not in name}
    own = {name for name, layer_class in found.items() if layer_class and not layer_class.origin}
    assert own == types


def test_types_stand_in_order() -> None:
    types = [name for name in REGISTRY.types() if "." not in name]
    assert types == sorted(types, key=str.lower)
