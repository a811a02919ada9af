from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from caffetools.pycaffe.layer_unit import Layer, SharingUnit, SourceUnit, as_tensor
from caffetools.pycaffe.live_blob import Blob
from tests.live_nets import INPUT, live
from tests.nets import given, layer, net


def sharing(kind: str, tops: str) -> SharingUnit:
    inferred = net(given("x", 2, 1, 3) + layer(kind, "l", "x", tops)).inferred
    return SharingUnit(next(each for each in inferred.layers if each.node.name == "l"))


def test_split_shares_values_and_adds_gradients() -> None:
    unit, bottom, tops = sharing("Split", "a b"), Blob((2,)), [Blob(), Blob()]
    unit.reshape([bottom], tops)
    bottom.data[...] = [1, 2]
    unit.forward([bottom], tops)
    assert [blob.data.tolist() for blob in tops] == [[1, 2], [1, 2]]
    tops[0].diff[...], tops[1].diff[...] = [1, 1], [0, 3]
    unit.backward(tops, [False], [bottom])
    assert bottom.diff.tolist() == [0, 0]
    unit.backward(tops, [True], [bottom])
    assert bottom.diff.tolist() == [1 + 0, 1 + 3]
    assert tops[0].diff.tolist() == [1, 1]


def test_reshape_shares_values_and_gradients() -> None:
    unit, bottom, top = sharing("Flatten", "a"), Blob((2, 1, 3)), Blob()
    unit.reshape([bottom], [top])
    assert top.shape == [2, 3]
    bottom.data[1, 0, 2], top.diff[0, 1] = 5, 7
    unit.forward([bottom], [top])
    unit.backward([top], [True], [bottom])
    assert (top.data[1, 2], bottom.diff[0, 0, 1]) == (5, 7)


def test_a_source_puts_what_it_reads() -> None:
    top = [Blob((2,)), Blob((1,))]
    unit = SourceUnit("Data", lambda: [torch.tensor([1.0, 2]), None])
    unit.forward([], top)
    assert [blob.data.tolist() for blob in top] == [[1, 2], [0]]
    SourceUnit("Input", None).forward([], top)
    assert top[0].data.tolist() == [1, 2]


def test_as_tensor_shares_memory_unless_read_only() -> None:
    array = np.zeros(2, np.float32)
    as_tensor(array)[0] = 1
    assert array[0] == 1
    array.flags.writeable = False
    as_tensor(array)[1] = 1
    assert array[1] == 0


def test_every_layer_of_a_net_is_a_layer(tmp_path: Path) -> None:
    """As in _caffe.cpp: of an Input, a ReLU, a Split and two Flattens."""
    text = INPUT + (
        'layer { name: "r" type: "ReLU" bottom: "x" top: "y" } '
        'layer { name: "a" type: "Flatten" bottom: "y" top: "a" } '
        'layer { name: "b" type: "Flatten" bottom: "y" top: "b" } '
    )
    layers = live(tmp_path, text).layers
    assert len(layers) == 5
    assert all(isinstance(each, Layer) for each in layers)
