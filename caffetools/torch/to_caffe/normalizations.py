"""Compositions of Caffe's layers for normalization."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe.arithmetic import add, power
from caffetools.torch.to_caffe.axes import reduce, reshape
from caffetools.torch.to_caffe.draft import Array, Draft, Top


def batch_norm(
    d: Draft, x: Top, weight: Array | None, bias: Array | None, mean: Array, var: Array, eps: float
) -> Top:
    """Normalize by running statistics: BatchNorm, then Scale for the affine part."""
    blobs = [mean, var, np.ones(1)]
    eps = float(eps)
    x = d.one("BatchNorm", x, blobs=blobs, use_global_stats=True, eps=None if eps == 1e-5 else eps)
    return affine(d, x, weight, bias)


def affine(d: Draft, x: Top, weight: Array | None, bias: Array | None, axis: int = 1) -> Top:
    """Multiply and add along an axis, and those after it, as one Scale layer if possible."""
    if weight is None:
        later = (1,) * (len(x.shape) - axis - (0 if bias is None else bias.ndim))
        return x if bias is None else add(d, x, bias.reshape(*bias.shape, *later))
    return d.one(
        "Scale",
        x,
        blobs=[weight] if bias is None else [weight, bias],
        axis=None if axis == 1 else axis,
        num_axes=None if weight.ndim == 1 else weight.ndim,
        bias_term=None if bias is None else True,
    )


def layer_norm(
    d: Draft, x: Top, axes: int, weight: Array | None, bias: Array | None, eps: float
) -> Top:
    """Normalize each slice along the last axes.

    MVN adds eps to the deviation, PyTorch to the variance: so it is composed of simpler layers.
    """
    start = len(x.shape) - axes
    y = reshape(d, x, (*x.shape[:start], prod(x.shape[start:])))
    return affine(d, reshape(d, _standardized(d, y, eps), x.shape), weight, bias, start)


def group_norm(
    d: Draft, x: Top, groups: int, weight: Array | None, bias: Array | None, eps: float
) -> Top:
    """Normalize each group of channels of each item."""
    y = reshape(d, x, (x.shape[0], groups, prod(x.shape[1:]) // groups))
    return affine(d, reshape(d, _standardized(d, y, eps), x.shape), weight, bias)


def rms_norm(d: Draft, x: Top, axes: int, weight: Array | None, eps: float) -> Top:
    """Divide each slice along the last axes by the root of its mean square."""
    start = len(x.shape) - axes
    y = reshape(d, x, (*x.shape[:start], prod(x.shape[start:])))
    mean = _mean(d, power(d, y, 2))
    y = d.one("Scale", y, power(d, mean, -0.5, shift=eps), axis=0)
    return affine(d, reshape(d, y, x.shape), weight, None, start)


def _standardized(d: Draft, x: Top, eps: float) -> Top:
    """Return `x` with mean 0 and variance 1 along its last axis."""
    centered = d.one("Bias", x, power(d, _mean(d, x), scale=-1), axis=0)
    variance = _mean(d, power(d, centered, 2))
    return d.one("Scale", centered, power(d, variance, -0.5, shift=eps), axis=0)


def _mean(d: Draft, x: Top) -> Top:
    return d.one("Reduction", x, operation="MEAN", axis=len(x.shape) - 1)


def lp_norm(d: Draft, x: Top, order: float, axes: Sequence[int]) -> Top:
    """Return the norm over axes, which are kept."""
    if order == 1:
        return reduce(d, d.one("AbsVal", x), axes, "sum")
    if order != 2:
        raise CaffeToolsError(f"a norm of order {order:g} has no form in Caffe")
    return power(d, reduce(d, power(d, x, 2), axes, "sum"), 0.5)
