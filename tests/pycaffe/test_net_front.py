from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from tests.live_nets import DATA, INPUT, LOSS, PRODUCT, caffe, live

ROWS = np.arange(15, dtype=np.float32).reshape(5, 3)


def test_names(tmp_path: Path) -> None:
    net = live(tmp_path, DATA + PRODUCT + LOSS)
    assert list(net.blobs) == ["x", "t", "y", "loss"]
    assert list(net.params) == ["ip"]
    assert (net.inputs, net.outputs) == ([], ["loss"])
    assert net.top_names == OrderedDict(d=["x", "t"], ip=["y"], l=["loss"])
    assert net.bottom_names == OrderedDict(d=[], ip=["x"], l=["y", "t"])
    assert net.blob_loss_weights == OrderedDict(x=0, t=0, y=0, loss=1)
    assert net.layer_dict["ip"].blobs is net.params["ip"]


def test_forward_from_and_to_a_layer(tmp_path: Path) -> None:
    net = live(tmp_path, INPUT + PRODUCT + 'layer { name: "r" type: "ReLU" bottom: "y" top: "r" }')
    net.params["ip"][1].data[...] = [-1, 2]
    assert net.forward(end="ip").keys() == {"y"}
    assert net.forward(end="ip", blobs=["x"]).keys() == {"x", "y"}
    assert not net.blobs["r"].data.any()
    net.blobs["y"].data[...] = [-3, 5]
    assert net.forward(start="r")["r"].tolist() == [[0, 5]] * 2


def test_arrays_are_those_of_the_blobs(tmp_path: Path) -> None:
    net = live(tmp_path, INPUT + PRODUCT)
    first = net.forward()["y"]
    net.params["ip"][1].data[...] = 8
    net.forward()
    assert first.tolist() == [[8, 8]] * 2


def test_backward_with_gradients_of_the_outputs(tmp_path: Path) -> None:
    net = live(tmp_path, "force_backward: true\n" + INPUT + PRODUCT)
    net.params["ip"][0].data[...] = 1
    net.forward()
    found = net.backward(diffs=["y"], y=np.full((2, 2), 3))
    assert {name: array.tolist() for name, array in found.items()} == {
        "x": [[6] * 3] * 2,
        "y": [[3] * 2] * 2,
    }


def test_forward_all_pads_the_last_batch(tmp_path: Path) -> None:
    net = live(tmp_path, INPUT + PRODUCT)
    net.params["ip"][0].data[...] = [[1, 1, 1], [0, 0, 1]]
    found = net.forward_all(x=ROWS, blobs=["x"])
    assert found["y"].tolist() == [[9 * i + 3, 3 * i + 2] for i in range(5)]
    np.testing.assert_array_equal(found["x"], ROWS)


def test_forward_backward_all(tmp_path: Path) -> None:
    net = live(tmp_path, "force_backward: true\n" + INPUT + PRODUCT)
    net.params["ip"][0].data[...] = [[1, 0, 0], [0, 1, 0]]
    values, gradients = net.forward_backward_all(x=ROWS, y=ROWS[:, :2])
    assert values["y"].tolist() == ROWS[:, :2].tolist()
    assert gradients["x"].tolist() == [[a, b, 0] for a, b in ROWS[:, :2].tolist()]


def test_state_and_weights(tmp_path: Path) -> None:
    staged = PRODUCT.replace("bottom", 'include { stage: "s" min_level: 1 } bottom')
    net = live(tmp_path, INPUT + staged, phase=1, stages=["s"], level=1)
    assert list(net.params) == ["ip"]
    net.params["ip"][1].data[...] = 5
    weights = str(tmp_path / "w.caffemodel")
    net.save(weights)
    assert list(live(tmp_path, INPUT + staged, 1).params) == []
    path = str(tmp_path / "net.prototxt")
    (tmp_path / "net.prototxt").write_text(INPUT + PRODUCT)
    with pytest.warns(DeprecationWarning, match="weights="):
        old = caffe.Net(path, weights, caffe.TEST)
    for each in (old, caffe.Net(path, caffe.TEST, weights=weights)):
        assert each.params["ip"][1].data.tolist() == [5, 5]


@pytest.mark.parametrize(
    ("use", "kind", "message"),
    [
        (lambda net: net.blobs["z"], KeyError, r"net.prototxt:1:1: the net has no blob 'z'"),
        (lambda net: net.params["i"], KeyError, "no layer with parameters 'i'; did you mean 'ip'"),
        (lambda net: net.forward(start="q"), ValueError, "the net has no layer 'q'"),
        (lambda net: net.forward(end="q"), ValueError, "the net has no layer 'q'"),
        (lambda net: net.backward(start="q"), ValueError, "the net has no layer 'q'"),
        (lambda net: net.forward(blobs=["z"]), KeyError, "no blob 'z'"),
        (lambda net: net.forward(z=ROWS), Exception, "Input blob arguments do not match net inp"),
        (lambda net: net.forward(x=ROWS), Exception, r"not batch sized: expected \[2\], found \[5"),
        (lambda net: net.forward(x=ROWS[:2, :2]), ValueError, "broadcast"),
        (lambda net: net.backward(z=ROWS), Exception, "Top diff arguments do not match"),
        (lambda net: net.blobs["x"].data[9], IndexError, "out of bounds"),
    ],
)
def test_wrong_use(tmp_path: Path, use: object, kind: type[Exception], message: str) -> None:
    net = live(tmp_path, INPUT + PRODUCT)
    with pytest.raises(kind, match=message):
        use(net)  # type: ignore[operator]
    assert net.forward()["y"].tolist() == [[0, 0]] * 2


def test_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"none.prototxt: .*[Nn]o such file"):
        caffe.Net(str(tmp_path / "none.prototxt"), caffe.TEST)
    for arguments in ((3, 0), ("net.prototxt", 2)):
        with pytest.raises(TypeError, match=r"expected a file name and caffe.TRAIN or caffe.TEST"):
            caffe.Net(*arguments)
