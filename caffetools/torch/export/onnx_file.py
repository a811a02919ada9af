"""A program -> an ONNX file, through torch.export, checked with onnxruntime where that is there."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.export.live import module_of, results_of
from caffetools.torch.export.program import Program
from caffetools.torch.export.trace import TOLERANCE, seeded

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_BYTES = 2**31 - 1
"""A file without its weights in further files is one protobuf message."""


def onnx_file(
    program: Program, tensors: Mapping[str, NDArray[Any]]
) -> tuple[bytes, tuple[str, ...]]:
    """The file for a net that is only run, and notes on it.

    Inputs and outputs have the names of their blobs, and the shapes of the net. Raises
    CaffeToolsError, unplaced, for a module that ONNX cannot express, and for a file with other
    results than the module's.
    """
    inputs = seeded(program, {})
    module = module_of(program, tensors)
    arguments = tuple(torch.tensor(values) for values in inputs.values())
    names = [tensor.blob for tensor in program.outputs[program.phases[0]]]
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
        raise CaffeToolsError("this net makes an ONNX file of over 2 GiB, which cannot be")
    return data, _checked(data, inputs, results_of(module, *inputs.values()))


def _checked(
    data: bytes, inputs: Mapping[str, NDArray[Any]], expected: list[NDArray[Any]]
) -> tuple[str, ...]:
    """Nothing, or a note that there is no onnxruntime; CaffeToolsError for other results."""
    import numpy as np

    try:
        import onnxruntime  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return ("the file is not checked: there is no onnxruntime",)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    taken = {each.name for each in session.get_inputs()}
    fed = {name: values for name, values in inputs.items() if name in taken}
    for found, wanted in zip(session.run(None, fed), expected, strict=True):
        limit = TOLERANCE * float(np.abs(wanted).max(initial=0)) + 1e-6
        if found.shape != wanted.shape or float(np.abs(found - wanted).max(initial=0)) > limit:
            raise CaffeToolsError("onnxruntime has other results for this file than PyTorch")
    return ()


@contextlib.contextmanager
def _quiet() -> Any:
    """Without what the exporter tells of its own steps."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
