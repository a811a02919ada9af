"""Activations: layers that compute each element from the element at the same position."""

from __future__ import annotations

import math
from dataclasses import replace

from caffetools.layers.activation import (
    BNLL,
    ELU,
    AbsVal,
    Clip,
    Dropout,
    Exp,
    Log,
    Power,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    Softmax,
    Swish,
    TanH,
    Threshold,
)
from caffetools.proto.wire import single
from caffetools.torch.emit.base import (
    Attribute,
    Binary,
    Context,
    Emission,
    Emitters,
    Expression,
    Negative,
    X,
    call,
    fields,
    function,
    method,
    module,
)
from caffetools.torch.emit.fillers import slot


def relu(_: ReLU, context: Context) -> Expression:
    """`F.relu`, or `F.leaky_relu` with a negative slope."""
    slope = fields(context.param("relu_param"), negative_slope=0.0)
    return call("F.leaky_relu" if slope else "F.relu", X, **slope)


def relu6(_: ReLU6, context: Context) -> Expression:
    """`F.relu6`, plus the negative part times the negative slope."""
    slope = context.param("relu6_param").number("negative_slope")
    value = call("F.relu6", X)
    return Binary(value, "+", Binary(method(X, "clamp", max=0), "*", slope)) if slope else value


def prelu(layer: PReLU, context: Context) -> Emission:
    """`nn.PReLU` with one slope, or with one per channel."""
    shape = context.params[0].shape
    weight = slot("weight", layer.param, "filler", 0.25, 0.25)
    return module(call("nn.PReLU", *shape), weight if shape else replace(weight, shape=(1,)))


def dropout(layer: Dropout, context: Context) -> Emission | Expression:
    """`nn.Dropout`; `F.dropout` with a fixed mode if the layer has a phase of its own."""
    if context.phase is None:
        return module(call("nn.Dropout", layer.ratio))
    return call("F.dropout", X, layer.ratio, training=context.phase == "TRAIN")


def clip(_: Clip, context: Context) -> Expression:
    """`Tensor.clamp`; where min is above max, Caffe's result is min, `clamp`'s is max."""
    param = context.param("clip_param")
    low, high = param.number("min"), param.number("max")
    if low > high:
        return method(method(X, "clamp", max=high), "clamp", min=low)
    return method(X, "clamp", low, high)


def swish(_: Swish, context: Context) -> Expression:
    """`F.silu`, or `x * sigmoid(beta * x)`."""
    beta = context.param("swish_param").number("beta")
    if beta == 1:
        return call("F.silu", X)
    return Binary(X, "*", call("torch.sigmoid", scaled(X, beta)))


def threshold(_: Threshold, context: Context) -> Expression:
    """A comparison, converted to the type of the bottom."""
    limit = context.param("threshold_param").number("threshold")
    return method(Binary(X, ">", limit), "to", Attribute(X, "dtype"))


def power(_: Power, context: Context) -> Expression:
    """`(shift + scale * x) ** power`; a constant if power or scale is 0."""
    param = context.param("power_param")
    exponent, scale, shift = (param.number(name) for name in ("power", "scale", "shift"))
    exponent = int(exponent) if exponent.is_integer() else exponent
    if exponent == 0:
        return call("torch.ones_like", X)
    if scale == 0:
        return Binary(call("torch.full_like", X, shift), "**", exponent)
    inner = scaled(X, scale, shift)
    return inner if exponent == 1 else Binary(inner, "**", exponent)


def exponential(_: Exp, context: Context) -> Expression:
    """`torch.exp`, with log(base) multiplied into scale and shift."""
    param = context.param("exp_param")
    base = single(param.number("base"))
    rate = 1.0 if base == -1 else math.log(base)
    return call("torch.exp", scaled(X, param.number("scale") * rate, param.number("shift") * rate))


def logarithm(_: Log, context: Context) -> Expression:
    """`torch.log` of `shift + scale * x`, divided by log(base); `torch.log10` for base 10."""
    param = context.param("log_param")
    inner = scaled(X, param.number("scale"), param.number("shift"))
    base = single(param.number("base"))
    if base == 10:
        return call("torch.log10", inner)
    result = call("torch.log", inner)
    return result if base == -1 else Binary(result, "/", math.log(base))


def softmax(layer: Softmax, context: Context) -> Expression:
    """`F.softmax`."""
    return call("F.softmax", X, dim=layer.axis_of(context.bottoms[0]))


def scaled(x: Expression, scale: float, shift: float = 0.0) -> Expression:
    """Return `scale * x + shift` without factors of 1 and terms of 0."""
    result = x if scale == 1 else Negative(x) if scale == -1 else Binary(scale, "*", x)
    if shift == 0:
        return result
    return Binary(result, "-" if shift < 0 else "+", abs(shift))


EMITTERS: Emitters = {
    AbsVal: function("torch.abs"),
    BNLL: function("F.softplus"),
    Clip: clip,
    Dropout: dropout,
    ELU: function("F.elu", "elu_param", alpha=1.0),
    Exp: exponential,
    Log: logarithm,
    PReLU: prelu,
    Power: power,
    ReLU: relu,
    ReLU6: relu6,
    Sigmoid: function("torch.sigmoid"),
    Softmax: softmax,
    Swish: swish,
    TanH: function("torch.tanh"),
    Threshold: threshold,
}
