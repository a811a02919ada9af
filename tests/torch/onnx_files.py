"""Small ONNX files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from caffetools.torch.to_caffe.draft import Array


def onnx_file(folder: Path, kind: str, constants: Sequence[Any], **attributes: Any) -> Path:
    """A file with one node, whose first input is x of 1 x 4 x 8 x 10, the others constants."""
    import onnx

    names = [
        "x",
        *(f"c{index}" if each is not None else "" for index, each in enumerate(constants)),
    ]
    node = onnx.helper.make_node(kind, names, ["y"], "node", **attributes)
    given = {name: each for name, each in zip(names[1:], constants, strict=True) if name}
    return model_file(folder, [node], given)


def model_file(
    folder: Path,
    nodes: Sequence[Any],
    constants: dict[str, Array],
    shape: Sequence[int | str] = (1, 4, 8, 10),
    domains: Sequence[str] = (),
) -> Path:
    """A file with the input x and the output y."""
    import onnx

    helper = onnx.helper
    ends = [
        helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape),
        helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None),
    ]
    stored = [onnx.numpy_helper.from_array(each, name) for name, each in constants.items()]
    graph = helper.make_graph(nodes, "small", ends[:1], ends[1:], stored)
    opsets = [helper.make_opsetid("", 20), *(helper.make_opsetid(each, 1) for each in domains)]
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path
