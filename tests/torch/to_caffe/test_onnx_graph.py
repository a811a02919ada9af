"""What the onnx package says of a file."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError, Location
from caffetools.torch.to_caffe import onnx_graph
from tests.torch.onnx_files import onnx_file

onnx = pytest.importorskip("onnx")


def test_attributes() -> None:
    node = onnx.helper.make_node(
        "Any", [], [], text="SAME", numbers=[1, 2], value=onnx.numpy_helper.from_array(np.eye(2))
    )
    found = {each.name: onnx_graph.attribute(each) for each in node.attribute}
    assert found["text"] == "SAME"
    assert found["numbers"] == [1, 2]
    assert found["value"].tolist() == [[1, 0], [0, 1]]


def test_shapes_and_constants(tmp_path: Path) -> None:
    path = onnx_file(tmp_path, "Reshape", [np.array([1, -1])])
    model = onnx_graph.inferred(str(path), {}, Location("net"))
    assert onnx_graph.shapes(model.graph)["y"] == (1, 320)
    assert onnx_graph.constants(model.graph, Location("net"))["c0"].tolist() == [1, -1]
    assert onnx_graph.example(model.graph.input[0], (1, 2)) is None


def test_results_with_and_without_onnxruntime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = onnx_graph.inferred(str(onnx_file(tmp_path, "Relu", [])), {}, Location("net"))
    x = np.full((1, 4, 8, 10), -1, np.float32)
    x[0, 0, 0, 0] = 2
    for _ in range(2):
        (found,) = onnx_graph.run(model, ["y"], {"x": x}, Location("net"))
        assert (found.sum(), found.shape) == (2, x.shape)
        monkeypatch.setitem(sys.modules, "onnxruntime", None)


def test_an_initializer_that_is_damaged(tmp_path: Path) -> None:
    model = onnx.load(onnx_file(tmp_path, "Add", [np.ones(3, np.float32)]))
    model.graph.initializer[0].data_type = 77
    with pytest.raises(CaffeToolsError, match="net: an initializer cannot be read: "):
        onnx_graph.constants(model.graph, Location("net"))


def test_a_model_that_cannot_be_run(tmp_path: Path) -> None:
    model = onnx_graph.inferred(str(onnx_file(tmp_path, "Relu", [])), {}, Location("net"))
    with pytest.raises(CaffeToolsError, match="net: it cannot be run: "):
        onnx_graph.run(model, ["y"], {"x": np.zeros(3, np.float32)}, Location("net"))


def test_a_constant_that_cannot_be_computed() -> None:
    node = onnx.helper.make_node("Reshape", ["a", "b"], ["y"], "bad")
    values = {"a": np.zeros(3), "b": np.array([2, 2])}
    with pytest.raises(CaffeToolsError, match="'bad', operator Reshape: cannot be"):
        onnx_graph.computed(node, values, Location("net"))


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(CaffeToolsError, match=r"net: ONNX files need the onnx package: pip"):
        onnx_graph.inferred("net", {}, Location("net"))
