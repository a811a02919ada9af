"""ONNX files: made where the exporter's libraries are there, told where they are not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.formats.weights import read_weights
from caffetools.net.loading import from_text, load
from caffetools.net.net import Net
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module, run_module
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.onnx_file import onnx_file
from caffetools.torch.export.preprocess import ImageSteps
from caffetools.torch.export.state_dict import transfer_weights
from caffetools.torch.export.verification import seeded_inputs
from tests.torch.cases import read_case
from tests.torch.nets import FOLDING, PHASES, drawn

Arrays = Mapping[str, Any]


def onnx_of(net: Net, tensors: Arrays | None = None, **options: Any) -> bytes:
    """The file of a net, which onnx.checker accepts; skipped without the exporter's libraries."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    data, notes = onnx_file(assemble(net), tensors or {}, **options)
    assert notes == ()
    onnx.checker.check_model(data)
    return data


def results(data: bytes, inputs: Arrays, *, opencv: bool = True) -> dict[str, Any]:
    """What onnxruntime computes; OpenCV, where installed, computes the same unless told not to."""
    session = pytest.importorskip("onnxruntime").InferenceSession(data)
    names = [each.name for each in session.get_outputs()]
    fed = {each.name: inputs[each.name] for each in session.get_inputs()}
    found = dict(zip(names, session.run(None, fed), strict=True))
    if not opencv:
        return found
    try:
        import cv2  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return found
    net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    for name, values in fed.items():
        net.setInput(values, name)
    for name, values in zip(names, net.forward(names), strict=True):
        assert_close(np.asarray(values).reshape(found[name].shape), found[name])
    return found


def assert_close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max(initial=0))


def tensors_of(spec: ModuleSpec, net: Net) -> dict[str, Any]:
    blobs = drawn(net)
    return {
        param.key: values
        for layer, params in spec.params.items()
        for param, values in zip(params, blobs[layer], strict=True)
    }


def test_names_and_results() -> None:
    net = from_text(FOLDING, phase="test")
    data = onnx_of(net, tensors_of(assemble(net), net))
    assert results(data, {"x": np.zeros((2, 4, 9, 9), np.float32)})["b3"].shape == (2, 3)


def test_a_graph_that_begins_with_the_image() -> None:
    """An image of 6 x 7 in RGB; a crop of 4 x 5 from row 1 and column 1, in BGR."""
    net = from_text(
        'layer { name: "n" type: "Input" top: "n" input_param { shape { dim: 2 } } }'
        'layer { name: "d" type: "Input" top: "d" input_param { shape { dim: 2 dim: 3 dim: 4 '
        "dim: 5 } } } "
        'layer { name: "p" type: "Power" bottom: "d" top: "p" power_param { shift: 1 } }'
        'layer { name: "q" type: "Power" bottom: "n" top: "q" power_param { scale: 3 } }'
    )
    chance = np.random.default_rng(1)
    mean = chance.normal(size=(3, 6, 7)).astype(np.float32)
    steps = ImageSteps((2, 3, 4, 5), (6, 7), (), mean, 0.5)
    data = onnx_of(net, steps=steps, dynamic=("batch",))
    images = chance.integers(0, 256, (3, 3, 6, 7)).astype(np.float32)
    found = results(data, {"n": np.ones(3, np.float32), "d": images}, opencv=False)
    expected = ((images[:, ::-1] - mean) * 0.5 + 1)[:, :, 1:5, 1:6]
    np.testing.assert_allclose(found["p"], expected, rtol=1e-5, atol=1e-4)
    assert found["q"].tolist() == [3, 3, 3]
    text = pytest.importorskip("onnx").load_from_string(data).doc_string
    assert text.startswith("Of RGB images, but for the resize: BGR, 0 to 255; resize to 6 x 7;")


@pytest.mark.parametrize(
    "name",
    [
        "layers/mvn_1",
        "layers_hard/lstm_resets",
        "layers_hard/pool_ave_full_pad",
        "layers_hard/pool_mask_pad",
        "layers_ssd/detout_keep_both",
        "layers_ssd/detout_not_shared_keep",
        "layers_ssd/ssd_deploy",
    ],
)
def test_what_caffe_computed(caffe: Path, name: str) -> None:
    case = read_case(caffe, name)
    net = load(caffe / name / "net.prototxt", phase="test")
    weights = read_weights(str(caffe / name / "net.caffemodel"))
    data = onnx_of(net, transfer_weights(assemble(net), weights).tensors)
    inputs = {key.removeprefix("in/"): values for key, values in case.arrays.items()}
    for blob, values in results(data, inputs).items():
        assert_close(values, case.arrays[f"out/{blob}"])


def test_inverted_boxes(caffe: Path) -> None:
    """Only onnxruntime: OpenCV 5.0 finds that two boxes without area overlap."""
    case = read_case(caffe, "layers_ssd/detout_inverted")
    data = onnx_of(load(caffe / case.name / "net.prototxt", phase="test"))
    inputs = {key.removeprefix("in/"): values for key, values in case.arrays.items()}
    assert_close(results(data, inputs, opencv=False)["y"], case.arrays["out/y"])


ROI = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 8 dim: 9 dim: 9 } } }
layer { name: "rois" type: "Input" top: "rois" input_param { shape { dim: 3 dim: 5 } } }
layer { name: "a" type: "ROIPooling" bottom: "x" bottom: "rois" top: "a"
        roi_pooling_param { pooled_w: 3 pooled_h: 2 spatial_scale: 0.5 } }
"""
POSITION_SENSITIVE = ROI.replace("ROIPooling", "PSROIPooling").replace(
    "roi_pooling_param { pooled_w: 3 pooled_h: 2",
    "psroi_pooling_param { output_dim: 2 group_size: 2",
)
UNPOOLING = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 6 dim: 8 } } }
layer { name: "p" type: "Pooling" bottom: "x" top: "p" top: "m"
        pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "u" type: "Upsample" bottom: "p" bottom: "m" top: "u" upsample_param { scale: 2 } }
layer { name: "i" type: "Interp" bottom: "u" top: "i" interp_param { zoom_factor: 2 } }
"""
CENTERS = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 4 } } }
layer { name: "c" type: "CenterLoss" bottom: "x" bottom: "label" top: "c"
        center_loss_param { num_output: 2 center_filler { type: "constant" value: 1 } } }
"""
YOLO = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 14 dim: 2 dim: 3 } } }
layer { name: "d" type: "YoloDetectionOutput" bottom: "x" top: "y" yolo_detection_output_param {
        num_classes: 2 num_box: 2 biases: 1 biases: 2 biases: 2 biases: 1
        confidence_threshold: 0.2 } }
"""
BOXES = np.array([[0, 0, 0, 9, 7], [1, 2, 3, 17, 15], [1, 4, 4, 4, 4]], np.float32)


@pytest.mark.parametrize(
    "text",
    [ROI, POSITION_SENSITIVE, UNPOOLING, CENTERS, YOLO, YOLO.replace("0.2", "1")],
    ids=["roi", "psroi", "unpooling", "centers", "yolo", "yolo without a detection"],
)
def test_layers_of_forks(text: str) -> None:
    """Only onnxruntime has MaxRoiPool and empty tensors, OpenCV 5.0 does not."""
    net = from_text(text, phase="test")
    spec = assemble(net)
    inputs = {**seeded_inputs(spec, {}), "rois": BOXES}
    wanted = run_module(load_module(spec), *(inputs[tensor.blob] for tensor in spec.inputs))
    found = results(
        onnx_of(net),
        inputs,
        opencv="ROIPooling" not in text.replace("PSROI", "") and "Yolo" not in text,
    )
    for values, expected in zip(found.values(), wanted, strict=True):
        assert_close(values, expected)


def test_weights_that_fillers_draw() -> None:
    """The file has those of the module that it is compared with: each module draws its own."""
    filler = 'weight_filler { type: "xavier" }'
    onnx_of(from_text(IMAGES.replace("stride: 2 } }", f"stride: 2 {filler} }} }}", 1)))


IMAGES = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 dim: 9 dim: 12 } } }
layer { name: "c" type: "Convolution" bottom: "x" top: "c"
        convolution_param { num_output: 2 kernel_size: 3 stride: 2 } }
layer { name: "p" type: "Pooling" bottom: "c" top: "p"
        pooling_param { pool: AVE kernel_size: 3 stride: 2 } }
layer { name: "s" type: "Softmax" bottom: "p" top: "s" }
"""


def test_any_batch_and_size() -> None:
    net = from_text(IMAGES, phase="test")
    spec = assemble(net)
    tensors = tensors_of(spec, net)
    data = onnx_of(net, tensors, dynamic=("batch", "size"))
    x = np.random.default_rng(0).normal(size=(4, 3, 21, 30)).astype(np.float32)
    (wanted,) = run_module(load_module(spec, tensors), x)
    assert_close(results(data, {"x": x}, opencv=False)["s"], wanted)


def test_a_size_that_the_net_fixes() -> None:
    pytest.importorskip("onnxscript")
    text = IMAGES + (
        'layer { name: "i" type: "InnerProduct" bottom: "s" top: "i" '
        "inner_product_param { num_output: 2 } }"
    )
    with pytest.raises(CaffeToolsError) as caught:
        onnx_file(assemble(from_text(text, phase="test")), {}, ("size",))
    assert caught.value.message.startswith("PyTorch cannot run layer 'i' of type 'InnerProduct': ")
    assert caught.value.location is not None
    assert caught.value.location.line == 8


NAMES = """
layer { name: "in" type: "Input" top: "relu" top: "label"
        input_param { shape { dim: 2 dim: 3 } shape { dim: 2 } } }
layer { name: "a" type: "ReLU" bottom: "relu" top: "relu" }
layer { name: "b" type: "Sigmoid" bottom: "relu" top: "exp" }
layer { name: "c" type: "Exp" bottom: "relu" top: "sigmoid" }
"""


def test_an_output_with_a_name_that_the_graph_has() -> None:
    """`label` goes in and out; PyTorch calls the value of layer b sigmoid, the name of another."""
    data = onnx_of(from_text(NAMES, phase="test"))
    x, label = np.array([[-1, 0, 1], [2, 3, 4]], np.float32), np.array([5, 6], np.float32)
    found = results(data, {"relu": x, "label": label})
    assert_close(found["exp"], 1 / (1 + np.exp(-np.maximum(x, 0))))
    assert_close(found["sigmoid"], np.exp(np.maximum(x, 0)))
    assert found.keys() <= {"exp", "sigmoid", "label_1"}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("no such operator\nmore"), "ONNX cannot express this net: no such operator"),
        (ModuleNotFoundError("", name="onnxscript"), "--to onnx needs onnxscript: pip install "),
    ],
)
def test_what_the_exporter_raises(
    monkeypatch: pytest.MonkeyPatch, error: Exception, expected: str
) -> None:
    pytest.importorskip("onnxscript")

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(CaffeToolsError) as caught:
        onnx_file(assemble(from_text(PHASES, phase="test")), {})
    assert caught.value.message.startswith(expected)
    assert "\n" not in caught.value.message
