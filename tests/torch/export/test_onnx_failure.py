"""What an exporter's exception is about: the layer's place, and the reason without escape codes."""

from __future__ import annotations

import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.model_code import model_code
from caffetools.torch.export.onnx_failure import onnx_failure
from caffetools.torch.export.onnx_file import onnx_file

FIRST = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 4 dim: 4 } } }
layer { name: "a" type: "ReLU" bottom: "x" top: "x" }
layer { name: "b" type: "ReLU" bottom: "x" top: "x" }
"""
DETECTION = """
layer { name: "in" type: "Input" top: "loc" top: "conf" top: "prior"
        input_param { shape { dim: 1 dim: 8 } shape { dim: 1 dim: 4 }
                      shape { dim: 1 dim: 2 dim: 8 } } }
layer { name: "r" type: "Sigmoid" bottom: "conf" top: "conf" }
layer { name: "find" type: "DetectionOutput" bottom: "loc" bottom: "conf" bottom: "prior" top: "y"
        detection_output_param { num_classes: 2 nms_param { eta: 0.5 nms_threshold: 0.9 } } }
"""


def test_a_layer_that_onnx_cannot_express() -> None:
    pytest.importorskip("onnxscript")
    with pytest.raises(CaffeToolsError) as caught:
        onnx_file(assemble(from_text(DETECTION, phase="test")), {})
    assert caught.value.message == (
        "ONNX cannot express layer 'find' of type 'DetectionOutput': "
        "NonMaxSuppression has no adaptive threshold: eta is 0.5, not 1"
    )
    assert caught.value.location is not None
    assert (caught.value.location.line, caught.value.location.column) == (6, 1)


class DispatchError(Exception):
    """The exporter's, by name."""


def translate(node: torch.fx.Node) -> None:
    """Fail as the exporter does, which has the node in a frame of the traceback."""
    raise DispatchError(f"\x1b[96mNo ONNX function for {node}\x1b[0m")


@pytest.mark.parametrize(("line", "layer"), [(-3, "a"), (-2, "b")])
def test_the_layer_is_found_by_the_line_of_forward(line: int, layer: str) -> None:
    """Two layers in place assign the same variable: their order tells which is which."""
    spec = assemble(from_text(FIRST, phase="test"))
    lines = model_code(spec).partition("\n\n\ndef build")[0].splitlines()
    node = torch.fx.Graph().placeholder("x")
    node.target = "aten.odd"
    node.meta["stack_trace"] = f'File "model.py", line {len(lines) + 1 + line}, in forward'
    with pytest.raises(DispatchError) as raised:
        translate(node)
    found = onnx_failure(spec, raised.value)
    expected = (
        f"ONNX cannot express layer {layer!r} of type 'ReLU': ONNX has no operator for aten.odd"
    )
    assert found.message == expected


def test_escape_codes_are_removed() -> None:
    spec = assemble(from_text(FIRST, phase="test"))
    found = onnx_failure(spec, RuntimeError("\x1b[96mno\x1b[0m reason\nmore"))
    assert found.message == "ONNX cannot express this net: no reason"
