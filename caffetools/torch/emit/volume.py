"""C3D's convolutions and pooling over volumes."""

from __future__ import annotations

from dataclasses import replace

from caffetools.layers.pooling import pooled
from caffetools.layers.volume import Convolution3D, Deconvolution3D, Pooling3D
from caffetools.torch.emit.base import (
    Context,
    Emission,
    Emitters,
    call,
    differing,
    int_or_tuple,
    module,
)
from caffetools.torch.emit.convolution import convolution


def volume_convolution(layer: Convolution3D, context: Context) -> Emission:
    """`nn.Conv3d` or `nn.ConvTranspose3d`; the bias has one axis."""
    emission = convolution(layer, context)
    weight, *bias = emission.slots
    shape = (layer.num_output,)
    return replace(emission, slots=(weight, *(replace(each, shape=shape) for each in bias)))


def volume_pooling(layer: Pooling3D, context: Context) -> Emission:
    """`nn.MaxPool3d` or `nn.AvgPool3d`, unless they would drop a window."""
    if layer.method == "STOCHASTIC":
        raise context.error("STOCHASTIC pooling of volumes has no code for the CPU in its fork")
    for extent, window in zip(context.bottoms[0][2:], layer.axes, strict=True):
        kept = pooled(extent, window, "CEIL", padded=False)
        if window.exceeds(extent) or pooled(extent, window, "CEIL", padded=True) != kept:
            raise context.error("PyTorch drops the last window, which starts beyond the input")
    kernel, stride, pad, _ = zip(*layer.axes, strict=True)
    name = {"MAX": "nn.MaxPool3d", "AVE": "nn.AvgPool3d"}[layer.method]
    ties = "of equal maxima, in Caffe each receives the gradient"
    options = differing(padding=(int_or_tuple(pad), 0))
    sizes = {"stride": int_or_tuple(stride), **options, "ceil_mode": True}
    pooling = module(call(name, int_or_tuple(kernel), **sizes))
    return replace(pooling, notes=(ties,) if layer.method == "MAX" else ())


EMITTERS: Emitters = {
    Convolution3D: volume_convolution,
    Deconvolution3D: volume_convolution,
    Pooling3D: volume_pooling,
}
