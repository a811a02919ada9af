from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.live_nets import DATA, INPUT, LOSS, PRODUCT, caffe, live

TWO_READERS = INPUT + PRODUCT + 'layer { name: "r" type: "ReLU" bottom: "x" top: "r" }\n'
SHARED = (
    'layer {{ name: "{0}" type: "InnerProduct" bottom: "x" top: "{0}" param {{ name: "w" }} '
    "inner_product_param {{ num_output: 2 bias_term: false }} }}\n"
)


def test_layers_and_blobs_include_splits(tmp_path: Path) -> None:
    net = live(tmp_path, TWO_READERS)
    assert net._layer_names == ["x", "x_x_0_split", "ip", "r"]
    assert net._blob_names == ["x", "x_x_0_split_0", "x_x_0_split_1", "y", "r"]
    assert [layer.type for layer in net.layers] == ["Input", "Split", "InnerProduct", "ReLU"]
    assert (net._inputs, net._outputs) == ([0], [4, 3])  # sorted by name: r, y
    assert repr(net.top_names).startswith("OrderedDict")
    assert (net._bottom_ids(1), net._top_ids(1)) == ([0], [1, 2])
    net.blobs["x"].data[...] = 4
    assert net.blobs["x_x_0_split_1"].data.tolist() == [[4] * 3] * 2


def test_euclidean_loss_by_hand(tmp_path: Path) -> None:
    """x = 1, w = 0.5, t = 4: y = 1.5, loss = 4 · 2.5² / (2 · 2), dy = -2.5 / 2."""
    net = live(tmp_path, DATA + PRODUCT + LOSS)
    net.params["ip"][0].data[...] = 0.5
    assert net._forward(0, 2) == 4 * 2.5**2 / (2 * 2)
    assert net.blobs["loss"].data == 4 * 2.5**2 / (2 * 2)
    assert net.blobs["loss"].diff == 1
    assert net._blob_loss_weights == [0, 0, 0, 1]
    net._backward(2, 0)
    assert net.params["ip"][0].diff.tolist() == [[-1.25 * 2] * 3] * 2
    assert net.params["ip"][1].diff.tolist() == [-1.25 * 2] * 2
    assert not net.blobs["x"].diff.any()  # nothing above it learns
    net.blobs["loss"].diff[...] = 10
    assert net._forward(0, 2) == 10 * 4 * 2.5**2 / (2 * 2)  # Layer::Forward: data · diff
    net.clear_param_diffs()
    net._backward(2, 0)
    assert net.params["ip"][1].diff.tolist() == [-12.5 * 2] * 2


def test_losses_are_of_single_precision(tmp_path: Path) -> None:
    """DtypeVec holds floats: 0.3 is 0.30000001192092896, and so is the loss."""
    net = live(tmp_path, DATA + PRODUCT + LOSS.replace('"loss"', '"loss" loss_weight: 0.3'))
    weight = float(np.float32(0.3))
    assert net.blob_loss_weights["loss"] == weight
    assert net._forward(0, 2) == np.float32(4 * 4**2 / (2 * 2)) * np.float32(weight)


def test_a_layer_that_does_not_learn_gets_no_gradient(tmp_path: Path) -> None:
    frozen = PRODUCT.replace("inner", "param { lr_mult: 0 } inner")
    net = live(tmp_path, DATA + frozen + LOSS)
    net.forward()
    net.backward()
    assert not net.params["ip"][0].diff.any()
    assert net.params["ip"][1].diff.tolist() == [-4.0, -4.0]


def test_layers_share_a_parameter(tmp_path: Path) -> None:
    net = live(tmp_path, "force_backward: true\n" + INPUT + SHARED.format("a") + SHARED.format("b"))
    net.params["b"][0].data[...] = 3
    assert net.params["a"][0].data.tolist() == [[3] * 3] * 2
    net.blobs["x"].data[...] = 1
    assert net.forward()["a"].tolist() == [[9, 9]] * 2
    net.blobs["a"].diff[...], net.blobs["b"].diff[...] = 1, 10
    net.backward()
    assert net.params["a"][0].diff.tolist() == [[2 * 1 + 2 * 10] * 3] * 2
    assert net.blobs["x"].diff.tolist() == [[2 * 3 + 2 * 30] * 3] * 2


def test_callbacks_get_the_index_of_each_layer(tmp_path: Path) -> None:
    net = live(tmp_path, DATA + PRODUCT + LOSS)
    seen: list[tuple[str, int]] = []
    for name in ("before_forward", "after_forward", "before_backward", "after_backward"):
        getattr(net, name)(lambda index, name=name: seen.append((name, index)))
    net.forward(start="ip", end="ip")
    net.backward(end="l")
    assert seen == [
        *(("before_forward", 1), ("after_forward", 1)),
        *(("before_backward", 2), ("after_backward", 2)),
    ]


def test_save_and_copy_from(tmp_path: Path) -> None:
    net = live(tmp_path, INPUT + PRODUCT)
    net.params["ip"][0].data[...] = [[1, 2, 3], [4, 5, 6]]
    net.save(str(tmp_path / "w.caffemodel"))
    other = live(tmp_path, INPUT + PRODUCT)
    array = other.params["ip"][0].data
    other.copy_from(str(tmp_path / "w.caffemodel"))
    assert array.tolist() == [[1, 2, 3], [4, 5, 6]]
    message = caffe.proto.caffe_pb2.NetParameter()
    message.ParseFromString((tmp_path / "w.caffemodel").read_bytes())
    assert [layer.name for layer in message.layer] == ["x", "ip"]
    assert list(message.layer[1].blobs[0].data) == [1, 2, 3, 4, 5, 6]


def test_hdf5_holds_a_shared_parameter_once(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    text = INPUT + SHARED.format("a") + SHARED.format("b")
    net = live(tmp_path, text)
    net.params["a"][0].data[...] = 2
    net.save_hdf5(str(tmp_path / "w.h5"))
    with h5py.File(tmp_path / "w.h5") as file:
        assert (list(file["data/a"]), list(file["data/b"])) == (["0"], [])
    other = live(tmp_path, text)
    other.load_hdf5(str(tmp_path / "w.h5"))
    assert other.params["b"][0].data.tolist() == [[2] * 3] * 2


def test_share_with(tmp_path: Path) -> None:
    first, second = (live(tmp_path, INPUT + PRODUCT) for _ in range(2))
    second.share_with(first)
    first.params["ip"][1].data[...] = [6, 7]
    assert second.forward()["y"].tolist() == [[6, 7]] * 2
    first.params["ip"][1].diff[...] = 1
    assert not second.params["ip"][1].diff.any()
    other = live(tmp_path, INPUT + PRODUCT.replace("num_output: 2", "num_output: 3"))
    with pytest.raises(RuntimeError, match=r"expected blobs of .*\(3, 3\).* for layer 'ip'"):
        other.share_with(first)


def test_weights_of_another_shape_or_file(tmp_path: Path) -> None:
    live(tmp_path, INPUT + PRODUCT.replace("num_output: 2", "num_output: 3")).save(
        str(tmp_path / "w.caffemodel")
    )
    net = live(tmp_path, INPUT + PRODUCT)
    with pytest.raises(RuntimeError, match=r"w.caffemodel: expected blob 0 of layer 'ip'"):
        net.copy_from(str(tmp_path / "w.caffemodel"))
    with pytest.raises(RuntimeError, match=r"none.caffemodel: .*[Nn]o such file"):
        net.copy_from(str(tmp_path / "none.caffemodel"))
    with pytest.raises(RuntimeError, match="cannot be written"):
        net.save(str(tmp_path / "none" / "w.caffemodel"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('layer { name: "a" type: "Nope" bottom: "x" top: "a" }', "2:1: unknown layer type 'Nope'"),
        ('layer { name: "a" type: "ReLU" bottom: "z" top: "a" }', "2:32: unknown bottom 'z'"),
        (
            (
                'layer { name: "a" type: "HDF5Output" bottom: "x" bottom: "x" '
                'hdf5_output_param { file_name: "o" } }'
            ),
            "2:1: layers of type HDF5Output cannot run here",
        ),
    ],
)
def test_a_net_that_cannot_run(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RuntimeError, match=f"net.prototxt:{message}"):
        live(tmp_path, INPUT + text)


def test_an_input_without_a_shape(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"net.prototxt:1:1: the shape of an Input is unknown"):
        live(tmp_path, 'layer { name: "x" type: "Input" top: "x" }')


def test_a_layer_out_of_range(tmp_path: Path) -> None:
    net = live(tmp_path, INPUT + PRODUCT)
    with pytest.raises(RuntimeError, match="expected layers from 0 to 1, found 0 to 2"):
        net._forward(0, 2)


def test_reshape_of_the_whole_net(tmp_path: Path) -> None:
    net = live(tmp_path, TWO_READERS)
    net.blobs["x"].reshape(7, 3)
    net.reshape()
    assert [blob.shape for blob in net.blobs.values()] == [[7, 3], [7, 3], [7, 3], [7, 2], [7, 3]]
    assert np.shares_memory(net.blobs["x"].data, net.blobs["x_x_0_split_0"].data)
