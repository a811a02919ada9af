"""ONNX of operators that the exporter of PyTorch lacks: a sort, and loops of the helpers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from caffetools.errors import CaffeToolsError

Translations = dict[Callable[..., Any], Callable[..., Any]]
"""What torch.onnx.export takes as custom_translation_table."""


def translations(module: torch.nn.Module) -> Translations:
    """Return the functions that write an exported module's operators in ONNX.

    Raises ImportError without onnxscript.
    """
    import onnxscript  # noqa: F401

    namespace = type(module).forward.__globals__
    aten = torch.ops.aten
    found: Translations = {aten.sort.stable: _sort, aten.avg_pool2d.default: _avg_pool2d}
    for function in (_suppress_overlaps, _roi_max_pool):
        operator = namespace.get(function.__name__.removeprefix("_"))
        if operator is not None:
            found[operator._opoverload] = function  # noqa: SLF001
    return found


def _ops() -> Any:
    from onnxscript import opset18

    return opset18


def _sort(x: Any, stable: bool = False, dim: int = -1, descending: bool = False) -> Any:  # noqa: ARG001
    """Sort with TopK, which is stable: of equal values, the lower index comes first."""
    op = _ops()
    count = op.Gather(op.Shape(x), op.Constant(value_ints=[dim]))
    return op.TopK(x, count, axis=dim, largest=int(descending), sorted=1)


def _avg_pool2d(
    x: Any, kernel_size: Any, stride: Any = (), padding: Any = 0, ceil_mode: bool = False, *_: Any
) -> Any:
    """Average over windows of which the last may reach beyond the padding.

    Runtimes disagree on the divisor of such a window: here it is padded, and a factor follows.
    """
    op = _ops()
    kernel, step, pad = (_pair(each) for each in (kernel_size, stride or kernel_size, padding))
    if not ceil_mode or not all(isinstance(extent, int) for extent in x.shape[2:]):
        options = {"ceil_mode": int(ceil_mode), "count_include_pad": 1, "pads": pad * 2}
        return op.AveragePool(x, kernel_shape=kernel, strides=step, **options)
    after, sides = [], []
    for extent, size, each, before in zip(x.shape[2:], kernel, step, pad, strict=True):
        # PyTorch drops a window that starts beyond the input.
        starts = range(-before, min(extent + before - size + each, extent), each)
        after.append(max(starts[-1] + size - extent, 0))
        sides.append([min(start + size, extent + before) - start for start in starts])
    pads = [*pad, *after]
    means = op.AveragePool(x, kernel_shape=kernel, strides=step, pads=pads, count_include_pad=1)
    areas = torch.outer(*(torch.tensor(side, dtype=torch.float32) for side in sides))
    factors = kernel[0] * kernel[1] / areas
    if bool((factors == 1).all()):
        return means
    return op.Mul(means, op.Constant(value=_tensor(factors)))


def _pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value) * (3 - len(value))


def _tensor(values: torch.Tensor) -> Any:
    import onnx_ir

    return onnx_ir.tensor(values.numpy())


def _suppress_overlaps(boxes: Any, valid: Any, threshold: float, eta: float = 1) -> Any:
    """Suppress with NonMaxSuppression, each list of boxes as an item of its own.

    The scores are ranks, so that no runtime has to decide between equal ones. Boxes with negative
    sides, whose area is 0 in Caffe, become empty ones: ONNX would swap their corners.
    """
    if eta != 1:
        raise CaffeToolsError(f"NonMaxSuppression has no adaptive threshold: eta is {eta:g}, not 1")
    op = _ops()
    first, second, last = (op.Constant(value_ints=[index]) for index in (0, 2, 4))
    axis = op.Constant(value_ints=[1])
    low, high = op.Slice(boxes, first, second, second), op.Slice(boxes, second, last, second)
    boxes = op.Concat(low, op.Max(low, high), axis=-1)
    mask = op.Cast(valid, to=1)
    count = op.Gather(op.Shape(valid), axis)
    zero, down = op.Constant(value_int=0), op.Constant(value_int=-1)
    ranks = op.Cast(op.Range(op.Squeeze(count), zero, down), to=1)
    kept = op.NonMaxSuppression(
        boxes,
        op.Unsqueeze(op.Mul(mask, ranks), axis),
        count,
        op.Constant(value_floats=[threshold]),
        op.Constant(value_floats=[0.0]),
    )
    # Rows (list, class, box) of the kept boxes: ones at (list, box).
    places = op.Gather(kept, op.Constant(value_ints=[0, 2]), axis=1)
    ones = op.Cast(op.GreaterOrEqual(op.ReduceSum(places, axis, keepdims=0), zero), to=1)
    return op.Cast(op.ScatterND(op.Mul(mask, op.Constant(value_float=0.0)), places, ones), to=9)


def _roi_max_pool(x: Any, rois: Any, height: int, width: int, scale: float) -> Any:
    """Pool with MaxRoiPool, whose bins are Caffe's; the positions are not computed."""
    op = _ops()
    pooled = op.MaxRoiPool(x, rois, pooled_shape=[height, width], spatial_scale=scale)
    return pooled, op.Shape(pooled)
