"""The table of PyTorch's operators: each name with its composition of Caffe's layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from caffetools.torch.to_caffe import (
    activations,
    arithmetic,
    aten,
    axes,
    normalizations,
    products,
    recurrence,
    resizing,
)

Operator = Callable[..., Any]


def _power(exponent: float) -> Operator:
    return lambda d, x: arithmetic.power(d, x, exponent)


def _layer(kind: str, **options: Any) -> Operator:
    return lambda d, x: d.one(kind, x, **options)


def _reduced(kind: str) -> Operator:
    return lambda d, x, axis=None, *_, **__: normalizations.reduced(d, x, axis, kind)


def _all(names: str, function: Operator) -> dict[str, Operator]:
    return dict.fromkeys(names.split(), function)


OPERATORS: dict[str, Operator] = {
    **_all("conv1d conv2d conv3d", aten.convolution),
    **_all("conv_transpose1d conv_transpose2d", aten.transposed),
    **_all("matmul mm bmm", products.matmul),
    "linear": aten.linear,
    "addmm": lambda d, bias, x, weight: aten.linear(d, x, weight.T, bias),
    "scaled_dot_product_attention": products.attention,
    "lstm": partial(recurrence.recurrent, recurrence.lstm),
    "gru": partial(recurrence.recurrent, recurrence.gru),
    "einsum": lambda d, equation, operands, **_: products.einsum(d, equation, operands),
    "where": arithmetic.where,
    "masked_fill": lambda d, x, mask, value: arithmetic.where(d, mask, value, x),
    "_native_batch_norm_legit_no_training": lambda d, x, w, b, mean, var, _, eps: (
        normalizations.batch_norm(d, x, w, b, mean, var, eps),
    ),
    "layer_norm": lambda d, x, shape, w=None, b=None, eps=1e-5, *_: normalizations.layer_norm(
        d, x, len(shape), w, b, eps
    ),
    "rms_norm": lambda d, x, shape, w=None, eps=None: normalizations.rms_norm(
        d, x, len(shape), w, float(np.finfo(np.float32).eps) if eps is None else eps
    ),
    "group_norm": lambda d, x, groups, w=None, b=None, eps=1e-5, *_: normalizations.group_norm(
        d, x, groups, w, b, eps
    ),
    "instance_norm": aten.instance_norm,
    **_all("max_pool1d max_pool2d", aten.max_pool),
    "max_pool2d_with_indices": lambda *given: (aten.max_pool(*given),),
    **_all("avg_pool1d avg_pool2d avg_pool3d", aten.average_pool),
    **_all(
        "adaptive_avg_pool1d adaptive_avg_pool2d",
        lambda d, x, _: resizing.adaptive_pooling(d, x, "AVE"),
    ),
    "adaptive_max_pool2d": lambda d, x, _: (resizing.adaptive_pooling(d, x, "MAX"),),
    "upsample_nearest2d": partial(aten.resized, mode="nearest"),
    "upsample_bilinear2d": partial(aten.resized, mode="linear"),
    "pixel_shuffle": resizing.pixel_shuffle,
    "pixel_unshuffle": resizing.pixel_unshuffle,
    **_all("pad constant_pad_nd", aten.pad),
    "slice": aten.slice_,
    "select": lambda d, x, axis, index: axes.take(d, x, axis, [index]),
    **_all("split split_with_sizes", aten.split),
    "unbind": aten.unbind,
    "cat": aten.concat,
    "stack": aten.stack,
    **_all(
        "view reshape _unsafe_view flatten squeeze unsqueeze",
        lambda d, x, *_: axes.reshape(d, x, d.shape),
    ),
    "permute": axes.permute,
    **_all("transpose t", aten.transpose),
    **_all("expand repeat tile", lambda d, x, *_, **__: axes.expand(d, x, d.shape)),
    "flip": aten.flip,
    "roll": aten.roll,
    "index_select": axes.take,
    **{name: _reduced(name.removeprefix("a")) for name in ("mean", "sum", "amax", "amin")},
    "embedding": aten.embedding,
    "index": aten.index,
    "glu": aten.glu,
    "max": lambda d, x, axis, *_: (normalizations.reduced(d, x, axis, "max"),),
    "linalg_vector_norm": lambda d, x, order=2, axis=None, *_: normalizations.reduced(
        d, x, axis, f"l{order:g}"
    ),
    "add": lambda d, a, b, alpha=1: arithmetic.add(d, a, b, alpha),
    "sub": lambda d, a, b, alpha=1: arithmetic.add(d, a, b, -alpha),
    "rsub": lambda d, a, b, alpha=1: arithmetic.add(d, b, a, -alpha),
    "mul": arithmetic.multiply,
    "div": arithmetic.divide,
    "addcmul": aten.addcmul,
    "maximum": arithmetic.maximum,
    "minimum": arithmetic.minimum,
    "neg": lambda d, x: arithmetic.power(d, x, scale=-1),
    "abs": _layer("AbsVal"),
    "exp": _layer("Exp"),
    "log": _layer("Log"),
    "log10": _layer("Log", base=10.0),
    "sqrt": _power(0.5),
    "rsqrt": _power(-0.5),
    "square": _power(2),
    "reciprocal": _power(-1),
    "pow": arithmetic.power,
    **_all("clamp clamp_min", arithmetic.clamp),
    "clamp_max": lambda d, x, high: arithmetic.clamp(d, x, None, high),
    "hardtanh": lambda d, x, low=-1.0, high=1.0: arithmetic.clamp(d, x, low, high),
    "relu": _layer("ReLU"),
    "relu6": lambda d, x: arithmetic.clamp(d, x, 0, 6),
    "leaky_relu": activations.leaky_relu,
    "prelu": activations.prelu,
    "elu": activations.elu,
    "selu": lambda d, x: activations.elu(d, x, 1.6732632423543772, 1.0507009873554805),
    "celu": lambda d, x, alpha=1.0: activations.elu(d, x, alpha, 1, 1 / alpha),
    "silu": activations.silu,
    "gelu": activations.gelu,
    "mish": activations.mish,
    "hardsigmoid": activations.hard_sigmoid,
    "hardswish": activations.hard_swish,
    "sigmoid": _layer("Sigmoid"),
    "log_sigmoid": lambda d, x: activations.softplus(d, x, -1),
    "tanh": _layer("TanH"),
    "softplus": lambda d, x, beta=1, *_: activations.softplus(d, x, beta),
    "gt": lambda d, x, limit: d.one("Threshold", x, threshold=float(limit)),
    "lt": lambda d, x, limit: d.one(
        "Threshold", arithmetic.power(d, x, scale=-1), threshold=-float(limit)
    ),
    "softmax": lambda d, x, axis, *_: activations.softmax(d, x, axis),
    "log_softmax": lambda d, x, axis, *_: d.one("Log", activations.softmax(d, x, axis)),
    **_all(
        "clone dropout feature_dropout alias detach contiguous lift_fresh_copy _to_copy to",
        lambda _, x, *__, **___: x,
    ),
}
"""The function of each operator of the namespace aten."""
