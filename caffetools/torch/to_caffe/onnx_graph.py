"""What the onnx package says of a file: shapes, constants, attributes, results."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from caffetools.errors import CaffeToolsError, Location
from caffetools.layers.blobs import Shape
from caffetools.proto.source import read_bytes
from caffetools.torch.to_caffe.draft import Array


def inferred(path: str, shapes: Mapping[str, Shape], place: Location) -> Any:
    """Read a file, fix the sizes of its inputs, and infer shapes."""
    try:
        import onnx
    except ImportError:
        text = "ONNX files need the onnx package: pip install 'caffetools[onnx]'"
        raise CaffeToolsError(text, place) from None
    data = read_bytes(path)
    try:
        model = onnx.load_model_from_string(data)
        onnx.load_external_data_for_model(model, os.path.dirname(path) or ".")
        for each in model.graph.input:
            if each.name in shapes:
                del each.type.tensor_type.shape.dim[:]
                for extent in shapes[each.name]:
                    each.type.tensor_type.shape.dim.add(dim_value=extent)
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        onnx.checker.check_model(model)
        return model  # noqa: TRY300
    except Exception as error:  # noqa: BLE001  # a damaged file raises many kinds
        reason = next((line for line in str(error).splitlines() if line.strip()), repr(error))
        raise CaffeToolsError(f"the onnx package cannot read it: {reason.strip()}", place) from None


def constants(graph: Any, place: Location) -> dict[str, Any]:
    """Return the initializers by name; CaffeToolsError, placed, if one is damaged."""
    from onnx import numpy_helper

    try:
        return {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    except Exception as error:  # noqa: BLE001  # damaged ones raise many kinds
        raise CaffeToolsError(f"an initializer cannot be read: {error!r}", place) from None


def shapes(graph: Any) -> dict[str, Shape]:
    """Return the shapes that are known entirely."""
    found = {}
    for each in (*graph.input, *graph.value_info, *graph.output):
        kind = each.type.tensor_type
        extents = [extent.dim_value for extent in kind.shape.dim if extent.HasField("dim_value")]
        if kind.HasField("shape") and len(extents) == len(kind.shape.dim):
            found[each.name] = tuple(extents)
    return found


def example(each: Any, shape: Shape) -> Array | None:
    """Return zeros for an input of integers, None for one of floating point."""
    from onnx import TensorProto, helper

    kind = each.type.tensor_type.elem_type
    integers = {TensorProto.INT32, TensorProto.INT64, TensorProto.UINT8, TensorProto.BOOL}
    if kind not in integers:
        return None
    return np.zeros(shape, helper.tensor_dtype_to_np_dtype(kind))


def attribute(found: Any) -> Any:
    """Return the value of an attribute: a text, numbers, or an array."""
    from onnx import TensorProto, helper, numpy_helper

    value = helper.get_attribute_value(found)
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def computed(node: Any, values: Mapping[str, Array], place: Location) -> dict[str, Any]:
    """Return the results of a node whose inputs are constants."""
    from onnx.reference import ReferenceEvaluator

    try:
        results = ReferenceEvaluator(node).run(None, dict(values))
    except Exception as error:  # noqa: BLE001  # the evaluator raises many kinds
        text = f"{node.name!a}, operator {node.op_type}: cannot be computed: {error}"
        raise CaffeToolsError(text.partition("\n")[0], place) from None
    return dict(zip(node.output, results, strict=False))


def run(model: Any, names: Sequence[str], inputs: dict[str, Array], place: Location) -> list[Any]:
    """Return results by onnxruntime, else by the onnx package's slow evaluator.

    Raises CaffeToolsError, placed, for a model that cannot be run.
    """
    try:
        return list(_session(model)([*names], inputs))
    except Exception as error:  # noqa: BLE001  # both raise many kinds
        text = f"it cannot be run: {' '.join(str(error).split())}"
        raise CaffeToolsError(text, place) from None


def _session(model: Any) -> Callable[..., Any]:
    try:
        import onnxruntime  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        return ReferenceEvaluator(model).run
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    data = model.SerializeToString()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    run_session: Callable[..., Any] = session.run
    return run_session
