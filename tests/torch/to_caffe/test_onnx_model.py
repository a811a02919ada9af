"""ONNX files as models: several results, constants, open sizes, the way back of our own exports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import from_text
from caffetools.torch.to_caffe.onnx_model import OnnxModel, from_onnx
from tests.commands import run
from tests.torch.drafts import drawn, types
from tests.torch.onnx_files import model_file, onnx_file

onnx = pytest.importorskip("onnx")


def test_several_results_and_computed_constants(tmp_path: Path) -> None:
    """Split, of which one part goes on; a shape that the file computes."""
    helper = onnx.helper
    nodes = [
        helper.make_node("Split", ["x"], ["a", "b"], "halves", axis=1, num_outputs=2),
        helper.make_node("Shape", ["a"], ["s"]),
        helper.make_node("Mul", ["s", "ones"], ["t"]),
        helper.make_node("Reshape", ["b", "t"], ["c"]),
        helper.make_node("Relu", ["c"], ["y"]),
    ]
    path = model_file(tmp_path, nodes, {"ones": np.ones(4, np.int64)})
    model = OnnxModel(str(path), {})
    assert model.constants["t"].tolist() == [1, 2, 8, 10]
    net = from_onnx(str(path))
    assert types(net.prototxt) == ["Slice", "ReLU", "Silence"]
    assert from_onnx(str(path), outputs=["c"]).outputs == ("a_1",)


def test_names_of_older_exporters(tmp_path: Path) -> None:
    """PyTorch's first exporter named results for their nodes."""
    helper = onnx.helper
    nodes = [
        helper.make_node("Relu", ["x"], ["/act/Relu_output_0"], "/act/Relu"),
        helper.make_node("Tanh", ["/act/Relu_output_0"], ["7"], "Tanh_1"),
        helper.make_node("Relu", ["7"], ["y"], "last"),
    ]
    net = from_onnx(str(model_file(tmp_path, nodes, {})))
    names = [layer.node.name for layer in from_text(net.prototxt).layers]
    assert names == ["x", "act/Relu", "Tanh_1", "y"]


@pytest.mark.parametrize(("name", "layer"), [('"\n\\', '"\n\\'), ("/", "relu")])
def test_names_of_any_characters(name: str, layer: str, tmp_path: Path) -> None:
    path = model_file(tmp_path, [onnx.helper.make_node("Relu", ["x"], ["y"])], {})
    model = onnx.load(path)
    model.graph.node[0].output[0] = model.graph.output[0].name = model.graph.name = name
    onnx.save(model, path)
    found = from_text(from_onnx(str(path)).prototxt)
    assert [each.name for each in found.layers] == ["x", layer]


def test_files_cut_off_and_damaged(tmp_path: Path) -> None:
    path = onnx_file(tmp_path, "Conv", [drawn(2, 4, 3, 3)])
    data, stem = path.read_bytes(), tmp_path / "out"
    for length in range(0, len(data), 40):
        path.write_bytes(data[:length])
        with pytest.raises(
            CaffeToolsError, match=r"model\.onnx: the onnx package cannot read it: "
        ):
            from_onnx(str(path))
    nan = onnx.load_from_string(data)
    nan.graph.initializer[0].raw_data = np.full((2, 4, 3, 3), np.nan, np.float32).tobytes()
    path.write_bytes(nan.SerializeToString())
    ran = run("from-onnx", path, "-o", stem)
    message = "'y', operator Conv: the weight has values that are not finite"
    assert (ran.status, ran.err) == (1, f"{path}: {message}\n")
    nan.graph.ClearField("output")
    path.write_bytes(nan.SerializeToString())
    with pytest.raises(CaffeToolsError, match="the model has no output"):
        from_onnx(str(path))
    assert [each.name for each in tmp_path.iterdir()] == ["model.onnx"]


def test_open_sizes_need_a_shape(tmp_path: Path) -> None:
    nodes = [onnx.helper.make_node("Relu", ["x"], ["y"])]
    path = model_file(tmp_path, nodes, {}, shape=("batch", 4))
    with pytest.raises(CaffeToolsError, match="input 'x' has a dynamic shape; use --input x=D,D"):
        from_onnx(str(path))
    net = from_onnx(str(path), {"x": (3, 4)})
    assert "shape { dim: 3 dim: 4 }" in net.prototxt


def test_an_operator_of_another_domain(tmp_path: Path) -> None:
    nodes = [onnx.helper.make_node("Relu", ["x"], ["y"], domain="com.acme")]
    path = model_file(tmp_path, nodes, {}, domains=("com.acme",))
    with pytest.raises(CaffeToolsError, match=r"cannot read it|com\.acme\.Relu"):
        from_onnx(str(path))


def test_damaged_files(tmp_path: Path) -> None:
    path = onnx_file(tmp_path, "Conv", [drawn(6, 4, 3, 3)])
    content = path.read_bytes()
    for number, data in enumerate((b"", b"not ONNX", content[: len(content) // 2], content[:-3])):
        cut = tmp_path / f"{number}.onnx"
        cut.write_bytes(data)
        with pytest.raises(CaffeToolsError) as error:
            from_onnx(str(cut))
        assert str(error.value).startswith(f"{cut}: ")


def test_the_way_back_of_our_own_files(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    net, path = "examples/lenet/deploy.prototxt", tmp_path / "net.onnx"
    assert run("export", net, "--batch-size", "1", "--to", "onnx", "-o", path).status == 0
    back = from_onnx(str(path))
    expected = ["Convolution", "Pooling"] * 2 + ["InnerProduct", "ReLU", "InnerProduct", "Softmax"]
    assert types(back.prototxt) == expected
    assert back.outputs == ("prob",)
