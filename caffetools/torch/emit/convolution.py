"""Convolution, Deconvolution and their depthwise forms over any number of axes; Im2col."""

from __future__ import annotations

from caffetools.layers.blobs import Shape
from caffetools.layers.checks import four_axes
from caffetools.layers.convolution import (
    Convolution,
    ConvolutionDeeplab,
    ConvolutionDepthwise,
    Deconvolution,
    DepthwiseConvolution,
    Im2col,
)
from caffetools.layers.window import Window
from caffetools.proto.message import Message
from caffetools.torch.emit.base import (
    Attribute,
    Bottom,
    Call,
    Context,
    Emission,
    Emitters,
    Expression,
    Member,
    MemberRef,
    Slot,
    Span,
    Subscript,
    call,
    differing,
    int_or_tuple,
    method,
)
from caffetools.torch.emit.fillers import slot


def convolution(layer: Convolution, context: Context) -> Emission:
    """One `nn.Conv2d`, `nn.ConvTranspose2d` or the like, applied to each bottom."""
    bottom = context.bottoms[0]
    axis = layer.channel_axis(bottom)
    windows = layer.windows(context.bottoms)
    member = Member(_constructor(layer, bottom[axis], windows))
    results = (
        _applied(each, bottom, axis, () if layer.transposed else windows)
        for each in context.inputs()
    )
    return Emission(tuple(results), (member,), _slots(layer.param, context))


def channelwise(layer: ConvolutionDepthwise, context: Context) -> Emission:
    """`nn.Conv2d` with one group per channel, and as many outputs."""
    bottom = four_axes(context.bottoms[0])
    options = _options(layer.axes, bottom[1], bias=layer.bias)
    result = _applied(context.image(), bottom, 1, layer.axes)
    member = Member(call("nn.Conv2d", bottom[1], bottom[1], **options))
    return Emission((result,), (member,), _slots(layer.param, context))


def _slots(param: Message, context: Context) -> tuple[Slot, ...]:
    names = ("weight", "bias")[: len(context.params)]
    return tuple(slot(name, param, f"{name}_filler") for name in names)


def _constructor(layer: Convolution, channels: int, windows: list[Window]) -> Call:
    kernel, stride, pad, dilation = zip(*windows, strict=True) if windows else ((),) * 4
    name = "ConvTranspose" if layer.transposed else "Conv"
    if not 1 <= len(windows) <= 3:
        options = differing(groups=(layer.group, 1), bias=(layer.bias, True))
        sizes = (channels, layer.num_output, kernel, stride, pad, dilation)
        return call(f"{name}Nd", *sizes, **options)
    keywords = _options(windows, layer.group, bias=layer.bias)
    return call(f"nn.{name}{len(windows)}d", channels, layer.num_output, **keywords)


def _options(windows: list[Window], groups: int, *, bias: bool) -> dict[str, Expression]:
    """Return the keywords of PyTorch's convolutions."""
    kernel, stride, pad, dilation = zip(*windows, strict=True)
    options = differing(
        stride=(int_or_tuple(stride), 1),
        padding=(int_or_tuple(pad), 0),
        dilation=(int_or_tuple(dilation), 1),
        groups=(groups, 1),
        bias=(bias, True),
    )
    return {"kernel_size": int_or_tuple(kernel), **options}


def _applied(
    x: Expression, bottom: Shape, axis: int, windows: list[Window] | tuple[()]
) -> Expression:
    """Return the output of the module, all axes before the channels flattened into the batch.

    If the kernel is larger than the padded input, the rounding of Caffe's division still gives one
    position, whose window reaches into zeros (conv_layer.cpp, compute_output_shape).
    """
    leading = _leading(x, axis)
    beyond: list[int] = []
    for extent, window in zip(bottom[axis + 1 :], windows, strict=bool(windows)):
        beyond = [0, max(0, window.span - extent - 2 * window.pad), *beyond]
    if any(beyond):
        x = call("F.pad", x, tuple(beyond))
    return _unbatched(call(MemberRef(), _batched(x, axis)), leading, axis)


def im2col(layer: Im2col, context: Context) -> Expression:
    """The helper `im2col`."""
    bottom = context.bottoms[0]
    axis = layer.channel_axis(bottom)
    kernel, stride, pad, dilation = zip(*layer.windows(context.bottoms), strict=True)
    columns = call("im2col", _batched(Bottom(), axis), kernel, stride, pad, dilation)
    return _unbatched(columns, _leading(Bottom(), axis), axis)


def _batched(x: Expression, axis: int) -> Expression:
    """Return `x` with exactly one axis before the channels."""
    if axis == 0:
        return method(x, "unsqueeze", 0)
    return x if axis == 1 else method(x, "flatten", 0, axis - 1)


def _leading(bottom: Expression, axis: int) -> Expression:
    """Return the extents of the axes before the channels."""
    return Subscript(Attribute(bottom, "shape"), (Span(None, axis),))


def _unbatched(x: Expression, leading: Expression, axis: int) -> Expression:
    """Return `x` with the bottom's leading axes in place of the batch."""
    if axis == 0:
        return method(x, "squeeze", 0)
    return x if axis == 1 else method(x, "unflatten", 0, leading)


EMITTERS: Emitters = {
    Convolution: convolution,
    ConvolutionDeeplab: convolution,
    ConvolutionDepthwise: channelwise,
    Deconvolution: convolution,
    DepthwiseConvolution: convolution,
    Im2col: im2col,
}
