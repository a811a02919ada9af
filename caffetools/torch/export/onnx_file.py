"""A module description -> an ONNX file, checked with onnxruntime if that is installed."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.export.loaded_module import load_module, run_module
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.verification import TOLERANCE, seeded_inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_BYTES = 2**31 - 1
"""Limit of one protobuf message, which a file with its weights is."""


def onnx_file(
    spec: ModuleSpec, tensors: Mapping[str, NDArray[Any]]
) -> tuple[bytes, tuple[str, ...]]:
    """Export a net for inference; returns the file and notes on it.

    Inputs and outputs have the names and shapes of their blobs. Raises CaffeToolsError, without a
    location, for a module that ONNX cannot express, and if the file's results are not the module's.
    """
    inputs = seeded_inputs(spec, {})
    module = load_module(spec, tensors)
    arguments = tuple(torch.tensor(values) for values in inputs.values())
    names = [tensor.blob for tensor in spec.outputs[spec.phases[0]]]
    try:
        with _quiet():
            made = torch.onnx.export(
                module, arguments, dynamo=True, input_names=list(inputs), output_names=names
            )
    except ImportError as error:
        text = f"--to onnx needs {error.name}: pip install 'caffetools[onnx]'"
        raise CaffeToolsError(text) from None
    except Exception as error:  # noqa: BLE001  # the exporter raises many kinds
        reason = str(error).strip().partition("\n")[0]
        raise CaffeToolsError(f"ONNX cannot express this net: {reason}") from None
    assert made is not None
    data = made.model_proto.SerializeToString()
    if len(data) > _MOST_BYTES:
        raise CaffeToolsError("the ONNX file exceeds 2 GiB")
    return data, _checked(data, inputs, run_module(module, *inputs.values()))


def _checked(
    data: bytes, inputs: Mapping[str, NDArray[Any]], expected: list[NDArray[Any]]
) -> tuple[str, ...]:
    """Return a note if onnxruntime is missing; raise CaffeToolsError for wrong results."""
    import numpy as np

    try:
        import onnxruntime  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return ("onnxruntime is not installed; the file is not checked",)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    taken = {each.name for each in session.get_inputs()}
    fed = {name: values for name, values in inputs.items() if name in taken}
    for found, wanted in zip(session.run(None, fed), expected, strict=True):
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
