"""Forks' convolutions whose weights are not shared by all channels, or by all places."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import Facts, Layer, Param, Shape, Spec, Step, Window, count, product
from caffetools.layers.checks import check_int
from caffetools.layers.convolution import Convolution
from caffetools.layers.fillers import check_filler
from caffetools.layers.legacy import four_axes
from caffetools.layers.window import axis_names, convolved, convolved_step, read_windows


class DepthwiseConvolution(Convolution):
    """A convolution, made fast for groups of one channel (depthwise_conv_layer.cpp)."""

    type: ClassVar[str] = "DepthwiseConvolution"
    origin: ClassVar[str | None] = "yonghenglh6/DepthwiseConvolution"


class ConvolutionDepthwise(Layer):
    """(N, C, H, W) -> (N, C, H', W'), each channel by a kernel of its own (conv_dw_layer.cpp).

    Blobs: weight (C, 1, kernel…), bias (C). num_output and group are not read.
    """

    type: ClassVar[str] = "ConvolutionDepthwise"
    origin: ClassVar[str | None] = "farmingyard/caffe-mobilenet"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("convolution_param")
        self.bias = self.param.flag("bias_term")
        self.axes = read_windows(self.param, 2)

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return self.axes

    def params(self, channels: int) -> tuple[Param, ...]:
        """The blobs."""
        weight = Param("weight", (channels, 1, *(axis.kernel for axis in self.axes)))
        return (weight, Param("bias", (channels,))) if self.bias else (weight,)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = four_axes(bottoms[0])
        top = (*bottom[:2], *map(convolved, bottom[2:], self.axes))
        params = self.params(bottom[1])
        notes: tuple[str, ...] = ()
        for param in params:
            notes += check_filler(self.param.message(f"{param.role}_filler"), param)
        named = self.param.integer("num_output")
        if self.param.has("num_output") and named != bottom[1]:
            notes += (f"num_output {named} is not read: the top has {bottom[1]} channels",)
        return Facts((top,), params, count(self.positions(top)) * count(params[0].shape), notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom = four_axes(bottoms[0])
        params = self.params(bottom[1])
        steps = list(map(convolved_step, axis_names(2), bottom[2:], self.axes))
        positions = self.positions((*bottom[:2], *(step.value for step in steps)))
        return [
            *steps,
            *(product(param.role, param.shape) for param in params),
            product("multiply-accumulates", (*positions, *params[0].shape)),
        ]

    def positions(self, top: Shape) -> Shape:
        """The extents over which each kernel moves."""
        return (top[0], *top[2:])


class Local(Layer):
    """(N, C, H, W) -> (N, num_output, H', W'), a convolution with weights for each place.

    Blobs: weight (num_output, 1, C · kernel², H' · W'), bias (1, 1, num_output, H' · W')
    (local_layer.cpp).
    """

    type: ClassVar[str] = "Local"
    origin: ClassVar[str | None] = "happynear/caffe-windows"

    def __init__(self, spec: Spec) -> None:
        self.param = param = spec.param("local_param")
        for name in ("num_output", "kernel_size", "stride"):
            check_int(param, name)
            if param.integer(name) < 1:
                raise param.error(
                    f"expected {name} of at least 1, found {param.integer(name)}", name
                )
        check_int(param, "pad")
        self.num_output = param.integer("num_output")
        self.axis = Window(*map(param.integer, ("kernel_size", "stride", "pad")))

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return [self.axis] * 2

    def params(self, bottoms: tuple[Shape, ...]) -> tuple[Param, ...]:
        """The blobs."""
        bottom = four_axes(bottoms[0])
        places = count(tuple(convolved(extent, self.axis) for extent in bottom[2:]))
        weight = Param("weight", (self.num_output, 1, bottom[1] * self.axis.kernel**2, places))
        bias = Param("bias", (1, 1, self.num_output, places))
        return (weight, bias) if self.param.flag("bias_term") else (weight,)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = four_axes(bottoms[0])
        if min(bottom[2:]) < self.axis.kernel:
            raise self.param.error(
                f"expected a kernel of at most {min(bottom[2:])}, the bottom's, "
                f"found {self.axis.kernel}",
                "kernel_size",
            )
        top = (bottom[0], self.num_output, *(convolved(each, self.axis) for each in bottom[2:]))
        params = self.params(bottoms)
        notes: tuple[str, ...] = ()
        for param in params:
            notes += check_filler(self.param.message(f"{param.role}_filler"), param)
        return Facts((top,), params, bottom[0] * count(params[0].shape), notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, params = four_axes(bottoms[0]), self.params(bottoms)
        kernel = self.axis.kernel
        return [
            *(
                convolved_step(name, extent, self.axis)
                for name, extent in zip(axis_names(2), bottom[2:], strict=True)
            ),
            Step("inputs of a place", f"{bottom[1]} * {kernel} * {kernel}", params[0].shape[2]),
            *(
                product(param.role, tuple(extent for extent in param.shape if extent != 1))
                for param in params
            ),
            product("multiply-accumulates", (bottom[0], *params[0].shape)),
        ]
