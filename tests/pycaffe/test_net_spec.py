from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.live_nets import caffe

L, P = caffe.layers, caffe.params


def small() -> Any:
    n = caffe.NetSpec()
    n.data, n.label = L.DummyData(
        shape=[{"dim": [2, 3, 8, 8]}, {"dim": 2}], transform_param={"scale": 0.5}, ntop=2
    )
    n.conv = L.Convolution(
        n.data,
        kernel_size=3,
        num_output=4,
        weight_filler={"type": "xavier"},
        param=[{"lr_mult": 1}, {"lr_mult": 2}],
    )
    n.pool = L.Pooling(n.conv, pool=P.Pooling.AVE, kernel_size=2, stride=2)
    n.relu = L.ReLU(n.pool, in_place=True)
    n.score = L.InnerProduct(n.relu, num_output=2)
    n.loss = L.SoftmaxWithLoss(n.score, n.label, loss_weight=2, include={"phase": 0})
    return n


def test_a_net(tmp_path: Path) -> None:
    proto = small().to_proto()
    assert [layer.name for layer in proto.layer] == [
        "data", "conv", "pool", "relu", "score", "loss"
    ]  # fmt: skip
    data, conv, pool, relu, score, loss = proto.layer
    assert list(data.top) == ["data", "label"]
    assert data.transform_param.scale == 0.5
    assert [list(shape.dim) for shape in data.dummy_data_param.shape] == [[2, 3, 8, 8], [2]]
    assert list(conv.convolution_param.kernel_size) == [3]
    assert [spec.lr_mult for spec in conv.param] == [1, 2]
    assert pool.pooling_param.pool == P.Pooling.AVE
    assert list(relu.bottom) == list(relu.top) == ["pool"]
    assert list(score.bottom) == ["pool"]
    assert (list(loss.loss_weight), loss.include[0].phase) == ([2], 0)
    path = tmp_path / "net.prototxt"
    path.write_text(str(proto))
    net = caffe.Net(str(path), caffe.TRAIN)
    assert net.blobs["conv"].shape == [2, 4, 8 - 3 + 1, 8 - 3 + 1]
    assert net.forward().keys() == {"loss"}


def test_names_of_their_own() -> None:
    top = L.ReLU(L.ReLU(L.Input(shape={"dim": 1})), in_place=True)
    names = [(layer.name, list(layer.top)) for layer in top.to_proto().layer]
    assert names == [("Input1", ["Input1"]), ("ReLU1", ["ReLU1"]), ("ReLU2", ["ReLU1"])]
    assert caffe.to_proto(top, L.Input()).layer[-1].name == "Input2"


def test_layers_without_tops() -> None:
    n = caffe.NetSpec()
    n["data"] = L.Input(shape={"dim": 1})
    n.silence = L.Silence(n["data"], ntop=0)
    assert [(each.name, list(each.top)) for each in n.to_proto().layer] == [
        ("data", ["data"]),
        ("silence", []),
    ]


def test_wrong_use() -> None:
    with pytest.raises(TypeError, match=r"Silence input 0 is not a Top \(type is <class 'tuple'>"):
        L.Silence(L.Input(ntop=2), ntop=0)
    with pytest.raises(IndexError):
        L.Convolution(L.Input(), kernel_size=[]).to_proto()
    with pytest.raises(AttributeError, match="no_such_option"):
        L.ReLU(L.Input(), no_such_option=3).to_proto()
    with pytest.raises(TypeError):
        L.Convolution(L.Input(), num_output="many").to_proto()
    with pytest.raises(AttributeError):
        _ = P.Pooling.MEDIAN
    n = small()
    with pytest.raises(KeyError, match="conv9"):
        _ = n.conv9
    assert list(copy.copy(n).tops) == list(n.tops)
