"""Layers that compute each element from the one at its context."""

from __future__ import annotations

import math

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
from caffetools.layers.base import Layer
from caffetools.proto.wire import single
from caffetools.torch.emit.base import (
    Attribute,
    Binary,
    Context,
    Emission,
    Emitter,
    Emitters,
    Expression,
    Member,
    MemberRef,
    Negative,
    Slot,
    X,
    call,
    differing,
    method,
    values,
)
from caffetools.torch.emit.fillers import filled


def relu(_: ReLU, context: Context) -> Emission:
    """With a slope below 0 `F.leaky_relu`."""
    slope = context.param("relu_param").number("negative_slope")
    if slope == 0:
        return values(call("F.relu", X))
    return values(call("F.leaky_relu", X, negative_slope=slope))


def prelu(layer: PReLU, context: Context) -> Emission:
    """One slope, or one for each channel."""
    shape = context.params[0].shape
    fill = filled(layer.param.message("filler"), 0.25, given=layer.param.has("filler"), start=0.25)
    module = call("nn.PReLU", *shape)
    slot = Slot("weight", fill, shape=None if shape else (1,))
    return Emission((call(MemberRef(), X),), (Member(module),), (slot,))


def dropout(layer: Dropout, context: Context) -> Emission:
    """At training, unless the layer has a phase of its own."""
    if context.phase is not None:
        training = context.phase == "TRAIN"
        return values(call("F.dropout", X, layer.ratio, training=training))
    return Emission((call(MemberRef(), X),), (Member(call("nn.Dropout", layer.ratio)),))


def elu(_: ELU, context: Context) -> Emission:
    """`F.elu`."""
    alpha = context.param("elu_param").number("alpha")
    return values(call("F.elu", X, **differing(alpha=(alpha, 1.0))))


def clip(_: Clip, context: Context) -> Emission:
    """`clamp`."""
    param = context.param("clip_param")
    return values(method(X, "clamp", param.number("min"), param.number("max")))


def swish(_: Swish, context: Context) -> Emission:
    """`x * sigmoid(beta * x)`."""
    beta = context.param("swish_param").number("beta")
    if beta == 1:
        return values(call("F.silu", X))
    return values(Binary(X, "*", call("torch.sigmoid", scaled(X, beta, 0.0))))


def threshold(_: Threshold, context: Context) -> Emission:
    """Ones and zeros, of the type of the bottom."""
    limit = context.param("threshold_param").number("threshold")
    return values(method(Binary(X, ">", limit), "to", Attribute(X, "dtype")))


def power(_: Power, context: Context) -> Emission:
    """`(shift + scale * x) ** power`, 1 for a power of 0."""
    param = context.param("power_param")
    exponent, scale = param.number("power"), param.number("scale")
    exponent = int(exponent) if exponent.is_integer() else exponent
    if exponent == 0:
        return values(call("torch.ones_like", X))
    if scale == 0:
        return values(Binary(call("torch.full_like", X, param.number("shift")), "**", exponent))
    inner = scaled(X, scale, param.number("shift"))
    return values(inner if exponent == 1 else Binary(inner, "**", exponent))


def exponential(_: Exp, context: Context) -> Emission:
    """`base ** (shift + scale * x)`."""
    param = context.param("exp_param")
    base = single(param.number("base"))
    rate = 1.0 if base == -1 else math.log(base)
    scale, shift = param.number("scale") * rate, param.number("shift") * rate
    return values(call("torch.exp", scaled(X, scale, shift)))


def logarithm(_: Log, context: Context) -> Emission:
    """The logarithm of `shift + scale * x`."""
    param = context.param("log_param")
    inner = scaled(X, param.number("scale"), param.number("shift"))
    base = single(param.number("base"))
    if base == 10:
        return values(call("torch.log10", inner))
    result = call("torch.log", inner)
    return values(result if base == -1 else Binary(result, "/", math.log(base)))


def scaled(x: Expression, scale: float, shift: float) -> Expression:
    """`scale * x + shift`, without what changes nothing."""
    result = x if scale == 1 else Negative(x) if scale == -1 else Binary(scale, "*", x)
    if shift == 0:
        return result
    return Binary(result, "-" if shift < 0 else "+", abs(shift))


def function(name: str) -> Emitter:
    """The emitter of a layer that is a function of its bottom and has no options."""

    def emit(_layer: Layer, _context: Context) -> Emission:
        return values(call(name, X))

    return emit


def softmax(layer: Softmax, context: Context) -> Emission:
    """`F.softmax`."""
    return values(call("F.softmax", X, dim=layer.axis_of(context.bottoms[0])))


EMITTERS: Emitters = {
    AbsVal: function("torch.abs"),
    BNLL: function("F.softplus"),
    Clip: clip,
    Dropout: dropout,
    ELU: elu,
    Exp: exponential,
    Log: logarithm,
    PReLU: prelu,
    Power: power,
    ReLU: relu,
    ReLU6: function("F.relu6"),
    Sigmoid: function("torch.sigmoid"),
    Softmax: softmax,
    Swish: swish,
    TanH: function("torch.tanh"),
    Threshold: threshold,
}
