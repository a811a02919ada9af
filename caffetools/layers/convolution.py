"""Convolutions and their transpose, in groups or by channel, and Im2col."""

from __future__ import annotations

from dataclasses import replace

from caffetools.errors import ShapeError
from caffetools.layers.base import Facts, Layer, Param, Spec
from caffetools.layers.blobs import Shape, Step, at_least, check_shape, count, dims, product
from caffetools.layers.checks import check_equal_shapes, four_axes, read_integer
from caffetools.layers.fillers import check_fillers
from caffetools.layers.window import (
    Window,
    axis_name,
    axis_names,
    convolved,
    convolved_step,
    deconvolved,
    deconvolved_step,
    read_windows,
)


class Convolution(Layer):
    """(batch…, C, spatial…) -> (batch…, num_output, spatial'…).

    Blobs: weight (num_output, C / group, kernel…), bias (num_output). Each bottom has
    its own top, with shared weights (base_conv_layer.cpp, conv_layer.cpp).
    """

    type = "Convolution"
    gradient_reads = ("bottom",)
    param_name = "convolution_param"
    bottoms = at_least(1)
    tops = at_least(1)
    as_many_tops_as_bottoms = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.num_output = read_integer(self.param, "num_output")
        self.group = read_integer(self.param, "group")
        self.bias = self.param.flag("bias_term")

    def channel_axis(self, bottom: Shape) -> int:
        """Return the axis of the channels: batch axes before it, spatial axes after it."""
        return self.axis_of(bottom)

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return read_windows(self.param, len(bottoms[0]) - self.channel_axis(bottoms[0]) - 1)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, windows = bottoms[0], self.windows(bottoms)
        axis = self.channel_axis(bottom)
        self.check(bottoms, bottom[axis])
        top = self.top(bottom, axis, windows)
        params = self.params(bottom[axis], windows)
        notes = check_fillers(self.param, params)
        for extent, window in zip(bottom[axis + 1 :], windows, strict=True):
            notes += self.odd_window(extent, window)
        positions = self.positions(bottom, top, axis)
        if min(top) >= 0:  # a negative extent is an error of the top
            self.check_buffers(params[0].shape, positions[axis:], top[axis + 1 :])
        macs = count(positions) * count(params[0].shape)
        return Facts((top,) * len(bottoms), params, macs * len(bottoms), notes)

    def top(self, bottom: Shape, axis: int, windows: list[Window]) -> Shape:
        """Return the shape of each top."""
        return (*bottom[:axis], self.num_output, *map(self.extent, bottom[axis + 1 :], windows))

    def check(self, bottoms: tuple[Shape, ...], channels: int) -> None:
        """Raise ShapeError for groups that do not divide channels, or unequal bottoms."""
        for what, extent in (("input channels", channels), ("output channels", self.num_output)):
            if extent % self.group:
                text = f"{extent} {what} do not divide into {self.group} groups"
                raise self.param.error(text, "group")
        check_equal_shapes(bottoms)

    def check_buffers(self, weight: Shape, moved: Shape, top: Shape) -> None:
        """Raise ShapeError if one of Caffe's buffers is too large or empty.

        One holds the patches of an item at all kernel positions; the other has the spatial extents
        of the top and is filled if there is a bias.
        """
        check_shape((self.group * count(weight[1:]), *moved), "the buffer of an item's patches")
        if self.bias and 0 in top:
            raise ShapeError(f"a bias expected spatial extents of at least 1, found {dims(top)}")

    def params(self, channels: int, windows: list[Window]) -> tuple[Param, ...]:
        """Return the parameters."""
        first, second = self.weight_channels(channels)
        kernel = (window.kernel for window in windows)
        weight = Param("weight", (first, second // self.group, *kernel))
        return (weight, Param("bias", (self.num_output,))) if self.bias else (weight,)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, windows = bottoms[0], self.windows(bottoms)
        axis = self.channel_axis(bottom)
        params = self.params(bottom[axis], windows)
        steps = list(map(self.step, axis_names(len(windows)), bottom[axis + 1 :], windows))
        top = self.top(bottom, axis, windows)
        if self.group > 1:
            kernels, channels = self.weight_channels(bottom[axis])
            extents = {
                f"kernels of each of {self.group} groups": kernels,
                "channels of each kernel": channels,
                f"channels of the top from each of {self.group} groups": self.num_output,
            }
            for name, extent in extents.items():
                steps.append(Step(name, f"{extent} / {self.group}", extent // self.group))
        steps.extend(product(param.role, param.shape) for param in params)
        positions = self.positions(bottom, top, axis)
        passes = (len(bottoms),) if len(bottoms) > 1 else ()
        steps.append(product("multiply-accumulates", (*passes, *positions, *params[0].shape)))
        return steps

    # Overridden by the transposed convolution:
    extent = staticmethod(convolved)
    """Extent of the top along one axis, and the arithmetic of it."""
    step = staticmethod(convolved_step)

    def weight_channels(self, channels: int) -> tuple[int, int]:
        """Return the first two extents of the weight, the second before the division by `group`."""
        return self.num_output, channels

    def positions(self, bottom: Shape, top: Shape, axis: int) -> Shape:
        """Return the extents over which the kernel slides: it is applied once per element."""
        return top[:axis] + top[axis + 1 :]

    def odd_window(self, extent: int, window: Window) -> tuple[str, ...]:
        """Return a note on a kernel larger than its input; C++'s rounding toward zero accepts some.

        Raises ShapeError if the output extent is negative.
        """
        note = window.exceeds(extent)
        if note and self.extent(extent, window) < 0:
            raise self.param.error(note, "kernel_size")
        return (note,) if note else ()


class Deconvolution(Convolution):
    """(batch…, C, spatial…) -> (batch…, num_output, spatial'…), the gradient of a convolution.

    Blobs: weight (C, num_output / group, kernel…), bias (num_output) (deconv_layer.cpp).
    """

    type = "Deconvolution"
    transposed = True
    extent = staticmethod(deconvolved)
    step = staticmethod(deconvolved_step)

    def weight_channels(self, channels: int) -> tuple[int, int]:
        return channels, self.num_output

    def positions(self, bottom: Shape, top: Shape, axis: int) -> Shape:
        return bottom[:axis] + bottom[axis + 1 :]

    def odd_window(self, extent: int, window: Window) -> tuple[str, ...]:
        return ()


class DepthwiseConvolution(Convolution):
    """Convolution, optimized for groups of one channel (depthwise_conv_layer.cpp)."""

    type = "DepthwiseConvolution"
    origin = "yonghenglh6/DepthwiseConvolution"


class ConvolutionDeeplab(Convolution):
    """Convolution, with options of its own (conv_layer_deeplab.cpp)."""

    type = "ConvolutionDeeplab"
    param_name = "convolution_deeplab_param"
    origin = "Winstonxu123/LSTM-CF"


class ConvolutionDepthwise(Convolution):
    """(N, C, H, W) -> (N, C, H', W'), with one kernel per channel (conv_dw_layer.cpp).

    Blobs: weight (C, 1, kernel…), bias (C). num_output and group are not read.
    """

    type = "ConvolutionDepthwise"
    bottoms = tops = Layer.tops
    origin = "farmingyard/caffe-mobilenet"

    def __init__(self, spec: Spec) -> None:
        Layer.__init__(self, spec)
        self.bias = self.param.flag("bias_term")
        self.axes = read_windows(self.param, 2)

    def channel_axis(self, bottom: Shape) -> int:
        self.num_output = self.group = bottom[1]
        return 1

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return self.axes

    def check_buffers(self, *shapes: Shape) -> None:
        pass  # it has none

    odd_window = Deconvolution.odd_window

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = four_axes(bottoms[0])
        facts, named = super().facts((bottom,)), self.param.integer("num_output")
        if not self.param.has("num_output") or named == bottom[1]:
            return facts
        note = f"num_output {named} is ignored: the top has {bottom[1]} channels"
        return replace(facts, notes=(*facts.notes, note))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return super().explain((four_axes(bottoms[0]),))


class Im2col(Layer):
    """(batch…, C, spatial…) -> (batch…, C · kernel…, spatial'…) (im2col_layer.cpp).

    It has the options of a convolution.
    """

    type = "Im2col"
    ignores_propagate_down = True
    param_name = "convolution_param"

    def channel_axis(self, bottom: Shape) -> int:
        """Return the axis of the channels; ShapeError without a spatial axis after it."""
        axis = self.axis_of(bottom)
        if axis < len(bottom) - 1:
            return axis
        text = f"expected a spatial axis after the channel axis {axis}, found none"
        raise self.param.error(text, "axis")

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return read_windows(self.param, len(bottoms[0]) - self.channel_axis(bottoms[0]) - 1)

    def patch(self, bottoms: tuple[Shape, ...]) -> Shape:
        """Return the channels and kernel extents, whose product is the channels of the top."""
        channels = bottoms[0][self.channel_axis(bottoms[0])]
        return (channels, *(window.kernel for window in self.windows(bottoms)))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, axis = bottoms[0], self.channel_axis(bottoms[0])
        spatial = map(convolved, bottom[axis + 1 :], self.windows(bottoms))
        return Facts(((*bottom[:axis], count(self.patch(bottoms)), *spatial),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, axis = bottoms[0], self.channel_axis(bottoms[0])
        windows = self.windows(bottoms)
        steps = map(convolved_step, axis_names(len(windows)), bottom[axis + 1 :], windows)
        return [product(axis_name(axis, bottom), self.patch(bottoms)), *steps]
