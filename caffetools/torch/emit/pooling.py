"""Pooling and SPP."""

from __future__ import annotations

from caffetools.layers.pooling import SPP, Pooling
from caffetools.torch.emit.base import (
    Context,
    Emission,
    Emitters,
    Member,
    MemberRef,
    Name,
    X,
    call,
    differing,
    int_or_tuple,
    values,
)

_HELPERS = {"MAX": "caffe_max_pool2d", "AVE": "caffe_avg_pool2d"}


_MODULES = {"MAX": "nn.MaxPool2d", "AVE": "nn.AvgPool2d"}


_GLOBAL = {"MAX": "nn.AdaptiveMaxPool2d", "AVE": "nn.AdaptiveAvgPool2d"}


def pooling(layer: Pooling, context: Context) -> Emission:
    """PyTorch's module where it lays the same windows, else a helper.

    It drops a last window that begins beyond the input, which Caffe does only if there is a pad,
    and takes no pad over half of the kernel.
    """
    windows = layer.windows(context.bottoms)
    kernel, stride, pad, _ = zip(*windows, strict=True)
    ceil = layer.round_mode == "CEIL"
    padding = differing(padding=(pad, (0, 0)))
    if layer.top_count > 1:
        options = {**padding, **differing(ceil_mode=(ceil, True))}
        return values(call("caffe_max_pool2d_with_mask", X, kernel, stride, **options))
    if layer.method == "STOCHASTIC":
        return values(call("stochastic_pool2d", X, kernel, stride, training=Name("self.training")))
    if layer.whole:
        return Emission((call(MemberRef(), X),), (Member(call(_GLOBAL[layer.method], 1)),))
    fits = all(2 * window.pad <= window.kernel for window in windows)
    if not fits or not (any(pad) or all(window.stride <= window.kernel for window in windows)):
        options = {**padding, **differing(ceil_mode=(ceil, True))}
        return values(call(_HELPERS[layer.method], X, kernel, stride, **options))
    module = call(
        _MODULES[layer.method],
        int_or_tuple(kernel),
        stride=int_or_tuple(stride),
        **differing(padding=(int_or_tuple(pad), 0), ceil_mode=(ceil, False)),
    )
    return Emission((call(MemberRef(), X),), (Member(module),))


def pyramid(layer: SPP, _: Context) -> Emission:
    """All levels in one helper."""
    method = differing(method=(layer.method, "MAX"))
    return values(call("spatial_pyramid_pool", X, layer.height, **method))


EMITTERS: Emitters = {Pooling: pooling, SPP: pyramid}
