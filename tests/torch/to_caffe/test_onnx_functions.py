"""ONNX's operators as nets: `from_onnx` verifies each, so the layers are what is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe.onnx_functions import depth_to_space
from caffetools.torch.to_caffe.onnx_model import from_onnx
from tests.torch.drafts import computed, drafted, drawn, types
from tests.torch.onnx_files import onnx_file

pytest.importorskip("onnx")

V = np.array
CASES: list[tuple[str, list[Any], dict[str, Any], str]] = [
    ("Conv", [drawn(6, 2, 3, 3)], {"group": 2, "pads": [1, 1, 1, 1]}, "Convolution"),
    ("Conv", [drawn(6, 4, 3, 3), drawn(6)], {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
     "Slice Power Concat Slice Power Concat Convolution Silence"),
    ("ConvTranspose", [drawn(4, 3, 3, 3)], {"strides": [2, 2], "output_padding": [1, 1]},
     "Deconvolution"),
    ("ConvTranspose", [drawn(4, 3, 3, 3)], {"strides": [2, 2], "pads": [1, 1, 0, 0]},
     "Deconvolution"),
    ("MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}, "Pooling"),
    ("MaxPool", [], {"kernel_shape": [3, 3], "pads": [0, 0, 1, 1]},
     "Slice Power Concat Slice Power Concat Pooling Silence"),
    ("AveragePool", [], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, "Pooling Scale"),
    ("GlobalAveragePool", [], {}, "Pooling"),
    ("BatchNormalization", [drawn(4), drawn(4), drawn(4), abs(drawn(4))], {}, "BatchNorm Scale"),
    ("InstanceNormalization", [drawn(4), drawn(4)], {},
     "Reshape Reduction Power Bias Power Reduction Power Scale Reshape Scale"),
    ("LayerNormalization", [drawn(10)], {},
     "Reduction Power Bias Power Reduction Power Scale Scale"),
    ("LRN", [], {"size": 3}, "LRN"),
    ("Reshape", [V([1, -1, 10])], {}, "Reshape"),
    ("Flatten", [], {}, "Flatten"),
    ("Transpose", [], {"perm": [0, 2, 3, 1]}, "Reshape Slice Concat Reshape"),
    ("Slice", [V([1]), V([3]), V([1])], {}, "Slice Silence"),
    ("Slice", [V([-1]), V([-9]), V([1]), V([-1])], {}, "Slice Concat"),
    ("Gather", [V([2, 0])], {"axis": 1}, "Slice Concat Silence"),
    ("Gather", [V(1)], {"axis": 1}, "Slice Reshape Silence"),
    ("Pad", [V([0, 0, 1, 1, 0, 0, 1, 1]), V(0.5, np.float32)], {},
     "Slice Power Slice Power Concat Slice Power Slice Power Concat Silence"),
    ("Pad", [V([0, 0, 1, 1, 0, 0, 1, 1])], {"mode": "edge"}, "Slice Concat Slice Concat"),
    ("Resize", [None, V([1, 1, 2, 2], np.float32)],
     {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, "Deconvolution"),
    ("Resize", [None, None, V([1, 4, 12, 9])], {"mode": "linear"},
     "InnerProduct Reshape Convolution Reshape"),
    ("DepthToSpace", [], {"blocksize": 2}, "Deconvolution"),
    ("DepthToSpace", [], {"blocksize": 2, "mode": "CRD"}, "Deconvolution"),
    ("Add", [drawn(4, 1, 1)], {}, "Bias"),
    ("Sub", [V(2, np.float32)], {}, "Power"),
    ("Pow", [V(2, np.float32)], {}, "Power"),
    ("Clip", [V(0, np.float32), V(6, np.float32)], {}, "Clip"),
    ("MatMul", [drawn(10, 3)], {}, "InnerProduct"),
    ("Tile", [V([1, 2, 1, 1])], {}, "Tile"),
    ("Expand", [V([2, 4, 8, 10])], {}, "Tile"),
    ("ReduceMean", [V([2, 3])], {}, "Pooling"),
    ("ReduceL2", [V([1])], {"keepdims": 0}, "Power Reshape Pooling Reshape Power Reshape"),
    ("ReduceSumSquare", [V([2, 3])], {}, "Power Pooling Power"),
    ("Softmax", [], {}, "Softmax"),
    ("Elu", [], {"alpha": 0.5}, "ELU"),
    ("Selu", [], {}, "ELU Power"),
    ("HardSigmoid", [], {}, "Power Clip"),
    ("HardSwish", [], {}, "Power Clip Eltwise"),
    ("PRelu", [abs(drawn(4, 1, 1))], {}, "PReLU"),
    ("Softsign", [], {}, "AbsVal Power Eltwise"),
    ("Dropout", [], {}, ""),
    ("Cast", [], {"to": 1}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "constants", "attributes", "layers"), CASES)
def test_operators(
    kind: str, constants: list[Any], attributes: dict[str, Any], layers: str, tmp_path: Path
) -> None:
    path = onnx_file(tmp_path, kind, constants, **attributes)
    net = from_onnx(str(path))
    assert types(net.prototxt) == layers.split()
    assert net.difference < 1e-5


def test_depth_to_space_has_two_orders() -> None:
    """DCR: channel b · C + c is c's element b of a block; CRD: channel c · 4 + b."""
    x = np.arange(8.0).reshape(1, 8, 1, 1)
    for mode, first in (("DCR", [0, 2, 4, 6]), ("CRD", [0, 1, 2, 3])):
        d, a = drafted(x.shape)
        y = depth_to_space(d, a, 2, mode)
        assert computed(d, y, x)[0, 0].reshape(-1).tolist() == first


@pytest.mark.parametrize(
    ("kind", "constants", "attributes", "message"),
    [
        ("Erf", [], {}, "'y', operator Erf: it has no exact form in Caffe's layers"),
        ("Gelu", [], {}, "'y', operator Gelu: GELU has no form in Caffe"),
        ("Resize", [None, V([1, 1, 2, 2], np.float32)], {"mode": "cubic"}, "the mode cubic"),
        ("Pow", [drawn(4, 8, 10)], {}, "a computed exponent"),
        ("ConvTranspose", [drawn(4, 3, 3, 3)], {"output_shape": [9, 11]}, "or output_shape"),
        ("ConvTranspose", [drawn(4, 3, 3, 3)], {"pads": [0, 0, 1, 1]}, "or below 0"),
    ],
)
def test_refusals(
    kind: str, constants: list[Any], attributes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = onnx_file(tmp_path, kind, constants, **attributes)
    with pytest.raises(CaffeToolsError) as error:
        from_onnx(str(path))
    assert message in error.value.message
    assert str(error.value).startswith(str(path))
