"""Layers over blobs, compared with real Caffe: outputs, statistics and gradients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.caffe_results import cases
from tests.live_nets import INPUT, PRODUCT, live
from tests.live_nets import caffe as pycaffe
from tests.torch.cases import Case, assert_close, read_case


def check(folder: Path, case: Case, *, hold: bool) -> None:
    path, weights = str(folder / "net.prototxt"), str(folder / "net.caffemodel")
    net = pycaffe.Net(path, int(case.phase == "TEST"), weights=weights)
    held = {name: blob.data for name, blob in net.blobs.items()} if hold else {}
    for key, values in case.arrays.items():
        if key.startswith("in/"):
            net.blobs[key[3:]].data[...] = values
    net.forward()
    for name, array in held.items():
        data = net.blobs[name].data
        assert array.shape != data.shape or np.shares_memory(array, data)
    found = {f"out/{name}": net.blobs[name].data for name in case.outputs}
    if case.backward:
        for key, values in case.arrays.items():
            if key.startswith("topdiff/"):
                net.blobs[key[8:]].diff[...] = values
        net.backward()
        found |= {f"din/{name}": blob.diff for name, blob in net.blobs.items()}
        found |= {
            f"dparam/{layer}/{index}": blob.diff
            for layer, blobs in net.params.items()
            for index, blob in enumerate(blobs)
        }
    found |= {
        f"after/{layer}/{index}": blob.data
        for layer, blobs in net.params.items()
        for index, blob in enumerate(blobs)
    }
    compared = case.arrays.keys() & found.keys()
    assert compared >= {f"out/{name}" for name in case.outputs}
    for key in compared:
        assert_close(case.arrays[key], torch.tensor(found[key]), f"{case.name}: {key}")


@pytest.mark.parametrize("name", [*cases("layers"), *cases("layers_ssd"), *cases("layers_hard")])
def test_a_case(caffe: Path, name: str) -> None:
    check(caffe / name, read_case(caffe, name), hold=False)


@pytest.mark.parametrize("name", cases("layers")[::3])
def test_a_case_while_arrays_are_held(caffe: Path, name: str) -> None:
    check(caffe / name, read_case(caffe, name), hold=True)


def test_gradients_add_up_in_parameters_and_replace_those_of_blobs(tmp_path: Path) -> None:
    net = live(tmp_path, "force_backward: true\n" + INPUT + PRODUCT)
    net.blobs["x"].data[...] = [[1, 2, 3], [4, 5, 6]]
    net.params["ip"][0].data[...] = [[1, 0, 2], [0, 3, 0]]
    net.forward()
    assert net.blobs["y"].data.tolist() == [[1 + 2 * 3, 3 * 2], [4 + 2 * 6, 3 * 5]]
    net.blobs["y"].diff[...] = [[1, 0], [0, 1]]
    for count in (1, 2):
        net.backward()
        assert net.blobs["x"].diff.tolist() == [[1, 0, 2], [0, 3, 0]]
        assert (net.params["ip"][0].diff / count).tolist() == [[1, 2, 3], [4, 5, 6]]
        assert (net.params["ip"][1].diff / count).tolist() == [1, 1]
    net.clear_param_diffs()
    assert not net.params["ip"][0].diff.any()


def test_backward_without_forward_computes_from_the_blobs(tmp_path: Path) -> None:
    net = live(tmp_path, "force_backward: true\n" + INPUT + PRODUCT)
    net.params["ip"][0].data[...] = 2
    net.blobs["y"].diff[...] = [[1, 10], [100, 1000]]
    assert net.backward(start="ip", end="ip")["x"].tolist() == [[22] * 3, [2200] * 3]


def test_backward_after_the_weights_changed(tmp_path: Path) -> None:
    net = live(tmp_path, "force_backward: true\n" + INPUT + PRODUCT)
    net.forward()
    with torch.no_grad():
        net.params["ip"][0].half("data").tensor.add_(3)
    net.blobs["y"].diff[...] = 1
    assert net.backward()["x"].tolist() == [[6] * 3] * 2


def test_relu_takes_the_sign_of_its_bottom_when_it_runs_backward(tmp_path: Path) -> None:
    relu = 'layer { name: "r" type: "ReLU" bottom: "x" top: "r" }'
    net = live(tmp_path, "force_backward: true\n" + INPUT + relu)
    net.forward(x=np.ones((2, 3)))
    net.blobs["r"].diff[...] = 4
    net.blobs["r"].data[...] = -1
    assert net.backward()["x"].tolist() == [[4] * 3] * 2
    net.blobs["x"].data[0] = -1
    assert net.backward()["x"].tolist() == [[0] * 3, [4] * 3]


def test_a_bottom_that_a_layer_refuses_is_located(tmp_path: Path) -> None:
    text = (
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 4 '
        'dim: 4 } } }\nlayer { name: "c" type: "Convolution" bottom: "x" top: "c" '
        "convolution_param { num_output: 1 kernel_size: 4 } }"
    )
    net = live(tmp_path, text)
    net.blobs["x"].reshape(1, 1, 3, 3)
    with pytest.raises(RuntimeError, match=r"net.prototxt:2:\d+: .*at least 1, found 0 x 0"):
        net.reshape()
    net.blobs["x"].reshape(1, 1, 4, 4)
    assert net.forward()["c"].shape == (1, 1, 1, 1)


def test_a_reshaped_input_sets_the_layers_up_again(tmp_path: Path) -> None:
    net = live(tmp_path, INPUT + PRODUCT)
    net.params["ip"][1].data[...] = [5, 7]
    net.blobs["x"].reshape(4, 3)
    assert net.forward()["y"].tolist() == [[5, 7]] * 4
    net.params["ip"][1].data[...] = [1, 2]  # the blobs are those of the new module
    assert net.forward()["y"].tolist() == [[1, 2]] * 4
    net.blobs["x"].reshape(4, 2)
    with pytest.raises(RuntimeError, match=r"net.prototxt:2:1: the weight of 2 x 3 cannot take"):
        net.forward()
    net.blobs["x"].reshape(1, 3)
    assert net.forward()["y"].tolist() == [[1, 2]]


def test_equal_layers_have_parameters_of_their_own(tmp_path: Path) -> None:
    second = PRODUCT.replace('"ip"', '"ip2"').replace('"y"', '"z"')
    net = live(tmp_path, INPUT + PRODUCT + second)
    net.params["ip"][1].data[...] = 1
    assert {name: values.max() for name, values in net.forward().items()} == {"y": 1, "z": 0}


def test_constant_tops_are_filled_once(tmp_path: Path) -> None:
    net = live(
        tmp_path,
        'layer { name: "d" type: "DummyData" top: "a" top: "b" dummy_data_param { '
        'shape { dim: 3 } data_filler { type: "constant" value: 2 } '
        'data_filler { type: "uniform" min: 1 max: 3 } } }',
    )
    assert net.blobs["a"].data.tolist() == [2, 2, 2]
    drawn = net.blobs["b"].data.copy()
    assert ((drawn >= 1) & (drawn <= 3)).all()
    net.blobs["a"].data[...] = 9
    assert net.forward()["a"].tolist() == [9, 9, 9]
    assert (net.blobs["b"].data != drawn).any()


def test_an_error_of_a_layer_is_located_and_leaves_the_net_usable(tmp_path: Path) -> None:
    loss = (
        'layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 2 } } }\n'
        'layer { name: "l" type: "SoftmaxWithLoss" bottom: "y" bottom: "t" top: "l" }\n'
    )
    net = live(tmp_path, INPUT + PRODUCT + loss)
    net.blobs["t"].data[...] = 7
    with pytest.raises(RuntimeError, match=r"net.prototxt:4:1: SoftmaxWithLoss cannot compute"):
        net.forward()
    net.blobs["t"].data[...] = 1
    assert net.forward()["l"] == pytest.approx(np.log(2))


def test_a_parameter_of_another_size_is_refused(tmp_path: Path) -> None:
    net = live(tmp_path, "force_backward: true\n" + INPUT + PRODUCT)
    net.params["ip"][0].reshape(3, 2)
    net.forward()  # the elements count, as in Caffe
    net.params["ip"][0].reshape(7, 7)
    with pytest.raises(RuntimeError, match="expected weight of 2 x 3, found <Blob 7 x 7>"):
        net.forward()
    net.params["ip"][0].reshape(2, 3)  # the memory is new: zeros, as in Caffe
    net.params["ip"][0].data[...] = 1
    net.blobs["x"].data[...] = 1
    assert net.forward()["y"].tolist() == [[3, 3]] * 2
    net.blobs["y"].diff[...] = 1
    net.backward()
    assert net.params["ip"][0].diff.tolist() == [[2] * 3] * 2


def test_a_layer_shapes_its_tops_in_each_pass(tmp_path: Path) -> None:
    net = live(tmp_path, INPUT + PRODUCT)
    net.blobs["y"].reshape(4, 1)
    assert net.forward()["y"].shape == (2, 2)
