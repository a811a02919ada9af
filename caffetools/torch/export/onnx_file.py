"""A module description -> an ONNX file, checked with onnxruntime if that is installed."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.export.image_input import with_image_input
from caffetools.torch.export.loaded_module import load_module, run_module
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.onnx_axes import Axes, dynamic_axes, resized
from caffetools.torch.export.onnx_failure import first_line, onnx_failure
from caffetools.torch.export.onnx_operators import translations
from caffetools.torch.export.preprocess import ImageSteps
from caffetools.torch.export.verification import TOLERANCE, seeded_inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_BYTES = 2**31 - 1
"""Limit of one protobuf message, which a file with its weights is."""

_ZERO = 1e-6
"""The optimizer takes smaller scalars for zero; it compares with a tolerance of 1e-8."""


def onnx_file(
    spec: ModuleSpec,
    tensors: Mapping[str, NDArray[Any]],
    dynamic: Sequence[str] = (),
    steps: ImageSteps | None = None,
) -> tuple[bytes, tuple[str, ...]]:
    """Export a net for inference; returns the file and notes on it.

    Inputs and outputs have the names and shapes of their blobs; `dynamic` names what of them may
    differ, "batch" and "size". With `steps` the first input of that shape is an RGB image from 0 to
    255, resized but not cropped. Raises CaffeToolsError, located where it is one layer's, for a
    module that ONNX cannot express, and if the file's results are not the module's.
    """
    if steps is not None:
        spec, tensors = with_image_input(spec, tensors, steps)
    axes = dynamic_axes(spec, dynamic)
    drawn = load_module(spec, tensors).state_dict()  # by fillers, once for all modules
    tensors = {**{key: drawn[key].numpy() for key in drawn.keys() - tensors.keys()}, **tensors}
    checks = []
    for sizes in ({}, {"batch": 3, "height": 1.5, "width": 2}) if dynamic else ({},):
        inputs = seeded_inputs(resized(spec, axes, sizes), {})
        try:
            # Each module is new: an LSTM keeps its state.
            checks.append((inputs, run_module(load_module(spec, tensors), *inputs.values())))
        except Exception as error:  # noqa: BLE001  # PyTorch raises many kinds
            raise onnx_failure(spec, error, "PyTorch cannot run") from None
    made = _exported(spec, load_module(spec, tensors), axes, dynamic)
    _keep_small_numbers(made.model)
    with _quiet():
        made.optimize()
    outputs = [tensor.blob for tensor in spec.outputs[spec.phases[0]]]
    _name_blobs(made.model, [tensor.blob for tensor in spec.inputs], outputs)
    _say_zeros(made.model)
    if steps is not None:
        kind = "gray" if steps.gray else "RGB"
        made.model.doc_string = f"Of {kind} images, but for the resize: {steps.lines()}"
    data = made.model_proto.SerializeToString()
    if len(data) > _MOST_BYTES:
        raise CaffeToolsError("the ONNX file exceeds 2 GiB")
    notes = [_checked(data, inputs, expected) for inputs, expected in checks]
    return data, notes[0]


def _exported(
    spec: ModuleSpec, module: torch.nn.Module, axes: tuple[Axes, ...], dynamic: Sequence[str]
) -> Any:
    """Return the program of torch.onnx.export, not optimized."""
    # PyTorch takes a batch of 1 for one that is always 1.
    inputs = seeded_inputs(resized(spec, axes, {"batch": 2}), {})
    try:
        with _quiet(), torch.no_grad():
            return torch.onnx.export(
                module,
                tuple(map(torch.tensor, inputs.values())),
                dynamo=True,
                optimize=False,
                dynamic_shapes=axes if dynamic else None,
                custom_translation_table=translations(module),
            )
    except ImportError as error:
        text = f"--to onnx needs {error.name}: pip install 'caffetools[onnx]'"
        raise CaffeToolsError(text) from None
    except Exception as error:  # noqa: BLE001  # the exporter raises many kinds
        raise onnx_failure(spec, error) from None


def _name_blobs(model: Any, inputs: list[str], outputs: list[str]) -> None:
    """Name inputs and outputs of an onnx_ir model, and rename what else has such a name.

    An output with the name of an input is numbered: `label_1`.
    """
    graph = model.graph
    values = [value for each in graph for value in each.outputs] + [*graph.initializers.values()]
    taken = {*inputs, *outputs, *(value.name for value in values)}
    for value in values:
        if value.name in {*inputs, *outputs} and value not in graph.outputs:
            value.name = _numbered(value.name, taken)
    for value, name in zip(graph.inputs, inputs, strict=True):
        value.name = name
    for value, name in zip(graph.outputs, outputs, strict=True):
        value.name = _numbered(name, taken) if name in inputs else name


def _keep_small_numbers(model: Any) -> None:
    """Turn tiny scalars into vectors: the optimizer takes x + 1e-10, an eps of Caffe, for x + 0."""
    import onnx_ir

    for node in model.graph:
        if node.op_type == "Constant" and "value" in node.attributes:
            values = node.attributes["value"].value.numpy()
            if values.ndim == 0 and 0 < abs(values) < _ZERO:
                value = onnx_ir.tensor(values.reshape(1))
                node.attributes.add(onnx_ir.AttrTensor("value", value))


def _say_zeros(model: Any) -> None:
    """Give each ConstantOfShape the value that it has by default, which OpenCV 5.0 demands."""
    import onnx_ir

    for node in model.graph:
        if node.op_type == "ConstantOfShape" and "value" not in node.attributes:
            zero = onnx_ir.tensor([0.0], dtype=onnx_ir.DataType.FLOAT)
            node.attributes.add(onnx_ir.AttrTensor("value", zero))


def _numbered(name: str, taken: set[str]) -> str:
    """Return the name with the first number that is free, and take it."""
    found = next(f"{name}_{number}" for number in count(1) if f"{name}_{number}" not in taken)
    taken.add(found)
    return found


def _checked(
    data: bytes, inputs: Mapping[str, NDArray[Any]], expected: list[NDArray[Any]]
) -> tuple[str, ...]:
    """Return a note if onnxruntime is missing; raise CaffeToolsError for wrong results."""
    import numpy as np

    try:
        import onnxruntime  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return ("onnxruntime is not installed; the file is not checked",)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal errors: others come as exceptions
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    taken = {each.name for each in session.get_inputs()}
    fed = {name: values for name, values in inputs.items() if name in taken}
    try:
        results = session.run(None, fed)
    except Exception as error:  # noqa: BLE001  # onnxruntime's own kinds
        raise CaffeToolsError(f"onnxruntime cannot run the file: {first_line(error)}") from None
    for found, wanted in zip(results, expected, strict=True):
        limit = TOLERANCE * float(np.abs(wanted).max(initial=0)) + 1e-6
        if found.shape != wanted.shape or float(np.abs(found - wanted).max(initial=0)) > limit:
            raise CaffeToolsError("results of onnxruntime do not match those of PyTorch")
    return ()


@contextlib.contextmanager
def _quiet() -> Any:
    """Suppress the exporter's output, warnings and logs."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
