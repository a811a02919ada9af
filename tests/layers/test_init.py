from __future__ import annotations

from importlib import import_module

import pytest

from caffetools.layers import FAMILIES, REGISTRY
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


def test_the_families_list_every_class_of_their_files() -> None:
    for home, types in FAMILIES.items():
        module = import_module(f"caffetools.layers.{home}")
        classes = {
            value.type
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Layer) and value.type
            if value.__module__ == module.__name__
        }
        assert classes == set(types), home


def test_the_table_stands_in_order() -> None:
    assert list(FAMILIES) == sorted(FAMILIES)
    for types in FAMILIES.values():
        assert list(types) == sorted(types, key=str.lower)
