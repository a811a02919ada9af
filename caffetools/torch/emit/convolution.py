"""Convolution and Deconvolution: `nn.Conv2d` and its kin, over one to three axes and more."""

from __future__ import annotations

from caffetools.layers.base import Shape, Window
from caffetools.layers.convolution import Convolution, Deconvolution
from caffetools.layers.depthwise import DepthwiseConvolution
from caffetools.torch.emit.base import (
    Bottom,
    Call,
    Emission,
    Emitters,
    Expression,
    Member,
    Own,
    Place,
    Slot,
    call,
    differing,
    method,
    once,
)
from caffetools.torch.emit.fillers import filled

_MODULES = {1: "nn.Conv1d", 2: "nn.Conv2d", 3: "nn.Conv3d"}
_TRANSPOSED = {1: "nn.ConvTranspose1d", 2: "nn.ConvTranspose2d", 3: "nn.ConvTranspose3d"}


def convolution(layer: Convolution, place: Place) -> Emission:
    """One module, applied to each bottom."""
    bottom = place.bottoms[0]
    axis = layer.channel_axis(bottom)
    windows = layer.windows(place.bottoms)
    module = _module(layer, bottom[axis], windows)
    results = (
        _applied(Bottom(index), bottom, axis, () if layer.transposed else windows)
        for index in range(len(place.bottoms))
    )
    slots = [
        Slot(
            name,
            filled(
                layer.param.message(f"{name}_filler"),
                given=layer.param.has(f"{name}_filler"),
            ),
        )
        for name in ("weight", "bias")
    ]
    return Emission(tuple(results), (Member(module),), tuple(slots[: len(place.params)]))


def _module(layer: Convolution, channels: int, windows: list[Window]) -> Call:
    kernel, stride, pad, dilation = zip(*windows, strict=True) if windows else ((),) * 4
    modules = _TRANSPOSED if layer.transposed else _MODULES
    if len(windows) not in modules:
        helper = "ConvTransposeNd" if layer.transposed else "ConvNd"
        options = differing(groups=(layer.group, 1), bias=(layer.bias, True))
        sizes = (channels, layer.num_output, kernel, stride, pad, dilation)
        return call(helper, *sizes, **options)
    return call(
        modules[len(windows)],
        channels,
        layer.num_output,
        kernel_size=once(kernel),
        **differing(
            stride=(once(stride), 1),
            padding=(once(pad), 0),
            dilation=(once(dilation), 1),
            groups=(layer.group, 1),
            bias=(layer.bias, True),
        ),
    )


def _applied(x: Expression, bottom: Shape, axis: int, windows: list[Window] | tuple[()]) -> Call:
    """The module's result, with all axes before the channels as one batch.

    Where a kernel is larger than its input Caffe's rounding leaves one position, whose window
    reaches into zeros (conv_layer.cpp, compute_output_shape).
    """
    beyond: list[int] = []
    for extent, window in zip(bottom[axis + 1 :], windows, strict=bool(windows)):
        beyond = [0, max(0, window.span - extent - 2 * window.pad), *beyond]
    if any(beyond):
        x = call("F.pad", x, tuple(beyond))
    if axis == 0:
        return method(call(Own(), method(x, "unsqueeze", 0)), "squeeze", 0)
    if axis > 1:
        return method(call(Own(), method(x, "flatten", 0, axis - 1)), "unflatten", 0, bottom[:axis])
    return call(Own(), x)


EMITTERS: Emitters = {
    Convolution: convolution,
    Deconvolution: convolution,
    DepthwiseConvolution: convolution,
}
