"""ONNX files: made where the exporter's libraries are there, told where they are not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.onnx_file import onnx_file
from tests.torch.nets import FOLDING, PHASES, drawn


def test_names_and_results() -> None:
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    net = from_text(FOLDING, phase="test")
    program = assemble(net)
    blobs = drawn(net)
    tensors = {
        param.key: values
        for layer, params in program.params.items()
        for param, values in zip(params, blobs[layer], strict=True)
    }
    data, notes = onnx_file(program, tensors)
    assert notes == ()
    graph = onnx.load_from_string(data).graph
    assert [each.name for each in graph.input] == ["x"]
    assert [each.name for each in graph.output] == ["b3"]
    session = runtime.InferenceSession(data)
    (found,) = session.run(None, {"x": np.zeros((2, 4, 9, 9), np.float32)})
    assert found.shape == (2, 3)


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
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(CaffeToolsError) as caught:
        onnx_file(assemble(from_text(PHASES, phase="test")), {})
    assert caught.value.message.startswith(expected)
    assert "\n" not in caught.value.message
