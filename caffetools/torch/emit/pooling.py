"""Pooling and SPP."""

from __future__ import annotations

from caffetools.layers.pooling import SPP, Pooling
from caffetools.torch.emit.base import (
    Attribute,
    Context,
    Emission,
    Emitters,
    Expression,
    Name,
    Span,
    Subscript,
    X,
    call,
    differing,
    int_or_tuple,
    module,
)

_HELPERS = {"MAX": "caffe_max_pool2d", "AVE": "caffe_avg_pool2d"}
_MODULES = {"MAX": "nn.MaxPool2d", "AVE": "nn.AvgPool2d"}
_GLOBAL = {"MAX": "nn.AdaptiveMaxPool2d", "AVE": "nn.AdaptiveAvgPool2d"}


def pooling(layer: Pooling, context: Context) -> Emission | Expression:
    """PyTorch's module if its windows are Caffe's, else a helper.

    PyTorch drops a last window that starts beyond the input; Caffe does so only with padding.
    PyTorch also refuses padding of more than half the kernel.
    """
    windows = layer.windows(context.bottoms)
    kernel, stride, pad, _ = zip(*windows, strict=True)
    ceil = layer.round_mode == "CEIL"
    options = differing(padding=(pad, (0, 0)), ceil_mode=(ceil, True))
    if layer.top_count > 1:
        size = Subscript(Attribute(X, "shape"), (Span(2),)) if layer.whole else kernel
        return call("caffe_max_pool2d_with_mask", X, size, stride, **options)
    if layer.method == "STOCHASTIC":
        return call("stochastic_pool2d", X, kernel, stride, training=Name("self.training"))
    if layer.whole:
        return module(call(_GLOBAL[layer.method], 1))
    fits = all(2 * window.pad <= window.kernel for window in windows)
    if not fits or not (any(pad) or all(window.stride <= window.kernel for window in windows)):
        return call(_HELPERS[layer.method], X, kernel, stride, **options)
    return module(
        call(
            _MODULES[layer.method],
            int_or_tuple(kernel),
            stride=int_or_tuple(stride),
            **differing(padding=(int_or_tuple(pad), 0), ceil_mode=(ceil, False)),
        )
    )


def pyramid(layer: SPP, _: Context) -> Expression:
    """The helper `spatial_pyramid_pool`."""
    options = differing(method=(layer.method, "MAX"))
    return call("spatial_pyramid_pool", X, layer.height, **options)


EMITTERS: Emitters = {Pooling: pooling, SPP: pyramid}
