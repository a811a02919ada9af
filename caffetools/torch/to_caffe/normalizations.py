"""Compositions of Caffe's layers for normalization."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def reduced(d: Draft, x: Top, axes: int | Sequence[int] | None, kind: str) -> Top:
    """Return the mean, sum, max, min or norm over axes, or all, in the shape of the result."""
    chosen = [axes] if isinstance(axes, int) else axes or range(len(x.shape))
    start, middle, end = _STEPS.get(kind, (None, kind, None))
    if middle not in {"mean", "sum", "max"}:
        raise CaffeToolsError(f"a norm of order {kind[1:]} has no form in Caffe")
    y = reduce(d, start(d, x) if start else x, chosen, middle)
    return reshape(d, end(d, y) if end else y, d.shape)


def _power(exponent: float = 1, scale: float = 1) -> Callable[[Draft, Top], Top]:
    return lambda d, x: power(d, x, exponent, scale)


_STEPS: dict[str, tuple[Callable[[Draft, Top], Top] | None, str, Callable[..., Top] | None]] = {
    "min": (_power(scale=-1), "max", _power(scale=-1)),
    "l1": (lambda d, x: d.one("AbsVal", x), "sum", None),
    "l2": (_power(2), "sum", _power(0.5)),
    "sumsq": (_power(2), "sum", None),
}
"""What precedes and follows a reduction."""
