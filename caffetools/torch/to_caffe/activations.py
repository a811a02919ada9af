"""Compositions of Caffe's layers for activation functions."""

from __future__ import annotations

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe.arithmetic import add, clamp, multiply, power
from caffetools.torch.to_caffe.draft import Array, Draft, Top


def leaky_relu(d: Draft, x: Top, slope: float = 0.01) -> Top:
    """Return x, or slope · x below 0."""
    return d.one("ReLU", x, negative_slope=float(slope) if slope else None)


def prelu(d: Draft, x: Top, slope: Array) -> Top:
    """Return x, or a learned slope · x below 0."""
    shared = slope.size == 1 and x.shape[1] != 1
    blob = slope.reshape(() if shared else -1)
    return d.one("PReLU", x, blobs=[blob], channel_shared=True if shared else None)


def elu(d: Draft, x: Top, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Top:
    """Return scale · x, or scale · alpha · (exp(input_scale · x) - 1) below 0."""
    y = d.one("ELU", power(d, x, scale=input_scale), alpha=float(alpha * input_scale))
    return power(d, y, scale=scale / input_scale)


def silu(d: Draft, x: Top) -> Top:
    """Return x · sigmoid(x)."""
    return d.one("Swish", x) if d.allows("Swish") else multiply(d, x, d.one("Sigmoid", x))


def hard_sigmoid(d: Draft, x: Top, slope: float = 1 / 6, shift: float = 0.5) -> Top:
    """Return slope · x + shift, limited to 0 ... 1."""
    return clamp(d, power(d, x, scale=slope, shift=shift), 0, 1)


def hard_swish(d: Draft, x: Top) -> Top:
    """Return x · hard_sigmoid(x)."""
    return multiply(d, x, hard_sigmoid(d, x))


def mish(d: Draft, x: Top) -> Top:
    """Return x · tanh(log(1 + exp(x)))."""
    return multiply(d, x, d.one("TanH", d.one("BNLL", x)))


def gelu(d: Draft, x: Top, approximate: str = "none") -> Top:
    """Return the tanh form of GELU; Caffe has no error function for the other."""
    if approximate != "tanh":
        text = 'GELU has no form in Caffe: no layer computes erf; use approximate="tanh"'
        raise CaffeToolsError(text)
    root = (2 / 3.141592653589793) ** 0.5
    inner = add(d, power(d, x, scale=root), power(d, power(d, x, 3), scale=0.044715 * root))
    return multiply(d, x, power(d, d.one("TanH", inner), scale=0.5, shift=0.5))


def softplus(d: Draft, x: Top, beta: float = 1) -> Top:
    """Return log(1 + exp(beta · x)) / beta."""
    return power(d, d.one("BNLL", power(d, x, scale=beta)), scale=1 / beta)


def softsign(d: Draft, x: Top) -> Top:
    """Return x / (1 + |x|)."""
    return multiply(d, x, power(d, d.one("AbsVal", x), -1, shift=1))


def softmax(d: Draft, x: Top, axis: int) -> Top:
    """Return the softmax along an axis."""
    axis %= len(x.shape)
    return d.one("Softmax", x, axis=None if axis == 1 else axis)
