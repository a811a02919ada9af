"""The table of ONNX's operators: each name with its composition of Caffe's layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from typing import Any

from caffetools.torch.to_caffe import (
    activations,
    arithmetic,
    aten,
    axes,
    normalizations,
    products,
    resizing,
)
from caffetools.torch.to_caffe import onnx_functions as f
from caffetools.torch.to_caffe.aten_table import OPERATORS as ATEN
from caffetools.torch.to_caffe.draft import Draft, Top
from caffetools.torch.to_caffe.lrn import local_response
from caffetools.torch.to_caffe.recurrence import gru, lstm, onnx_recurrent

Operator = Callable[..., Any]


def _reduced(kind: str) -> Operator:
    def apply(d: Draft, x: Top, along: Any = None, **a: Any) -> Top:
        chosen = a.get("axes") if along is None else along.tolist()
        if not chosen and a.get("noop_with_empty_axes"):
            return x
        return normalizations.reduced(d, x, chosen, kind)

    return apply


def _global(method: str) -> Operator:
    return lambda d, x: resizing.adaptive_pooling(d, x, method)


def _folded(function: Operator) -> Operator:
    return lambda d, *tops: reduce(lambda a, b: function(d, a, b), tops)


OPERATORS: dict[str, Operator] = {
    "Conv": f.conv,
    "ConvTranspose": f.conv_transpose,
    "MaxPool": f.max_pool,
    "AveragePool": f.average_pool,
    "GlobalAveragePool": _global("AVE"),
    "GlobalMaxPool": _global("MAX"),
    "Gemm": f.gemm,
    "MatMul": products.matmul,
    "LSTM": partial(onnx_recurrent, lstm),
    "GRU": partial(onnx_recurrent, gru),
    "Einsum": lambda d, *tensors, equation: products.einsum(d, equation, tensors),
    "Where": arithmetic.where,
    "BatchNormalization": lambda d, x, w, b, mean, var, epsilon=1e-5, **_: (
        normalizations.batch_norm(d, x, w, b, mean, var, epsilon),
    ),
    "LayerNormalization": f.layer_normalization,
    "InstanceNormalization": lambda d, x, w, b, epsilon=1e-5: normalizations.group_norm(
        d, x, x.shape[1], w, b, epsilon
    ),
    "LRN": lambda d, x, size, alpha=1e-4, beta=0.75, bias=1.0: local_response(
        d, x, size, alpha, beta, bias
    ),
    **dict.fromkeys(
        ("Reshape", "Flatten", "Squeeze", "Unsqueeze"),
        lambda d, x, *_, **__: axes.reshape(d, x, d.shape),
    ),
    "Transpose": f.transpose,
    "Slice": f.slice_,
    "Split": lambda d, x, sizes=None, axis=0, **_: aten.split(
        d, x, d.shape[axis] if sizes is None else sizes.tolist(), axis
    ),
    "Gather": f.gather,
    "Concat": lambda d, *tops, axis: aten.concat(d, tops, axis),
    "Pad": f.pad,
    "Resize": f.resize,
    "DepthToSpace": f.depth_to_space,
    "Add": arithmetic.add,
    "Sub": lambda d, a, b: arithmetic.add(d, a, b, -1),
    "Mul": arithmetic.multiply,
    "Div": arithmetic.divide,
    "Sum": _folded(arithmetic.add),
    "Max": _folded(arithmetic.maximum),
    "Min": _folded(arithmetic.minimum),
    "Pow": f.power,
    "Clip": f.clip,
    "Greater": f.greater,
    **{
        f"Reduce{kind}": _reduced(kind.lower())
        for kind in ("Mean", "Sum", "Max", "Min", "L1", "L2")
    },
    "ReduceSumSquare": _reduced("sumsq"),
    "Softmax": lambda d, x, axis=-1: activations.softmax(d, x, axis),
    "LogSoftmax": lambda d, x, axis=-1: d.one("Log", activations.softmax(d, x, axis)),
    "LeakyRelu": lambda d, x, alpha=0.01: activations.leaky_relu(d, x, alpha),
    "PRelu": activations.prelu,
    "Elu": lambda d, x, alpha=1.0: activations.elu(d, x, alpha),
    "Selu": lambda d, x, alpha=1.6732632, gamma=1.0507010: activations.elu(d, x, alpha, gamma),
    "Celu": lambda d, x, alpha=1.0: activations.elu(d, x, alpha, 1, 1 / alpha),
    "HardSigmoid": lambda d, x, alpha=0.2, beta=0.5: activations.hard_sigmoid(d, x, alpha, beta),
    "Gelu": lambda d, x, approximate="none": activations.gelu(d, x, approximate),
    "Softsign": activations.softsign,
    "Identity": lambda _, x: x,
    "Dropout": lambda _, x, *__, **___: (x,),
    "Cast": lambda _, x, **__: x,
    "Swish": lambda d, x, alpha=1.0: arithmetic.multiply(
        d, x, d.one("Sigmoid", arithmetic.power(d, x, scale=alpha))
    ),
    **{
        name: ATEN[other]
        for name, other in {
            "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Exp": "exp", "Log": "log",
            "Abs": "abs", "Neg": "neg", "Sqrt": "sqrt", "Reciprocal": "reciprocal",
            "Softplus": "softplus", "HardSwish": "hardswish",
            "Mish": "mish", "Tile": "tile", "Expand": "expand",
        }.items()
    },
}  # fmt: skip
"""The function of each operator of ONNX's own domain."""
