"""Convolution and its transpose, over any number of spatial axes, in any number of groups."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import (
    Blobs,
    Facts,
    Layer,
    Param,
    Shape,
    Spec,
    Step,
    Window,
    at_least,
    canonical_axis,
    check_shape,
    count,
    dims,
    product,
)
from caffetools.layers.fillers import check_filler
from caffetools.layers.window import (
    axis_names,
    convolved,
    convolved_step,
    deconvolved,
    deconvolved_step,
    read_windows,
)


class Convolution(Layer):
    """(batch…, C, spatial…) -> (batch…, num_output, spatial'…).

    Blobs: weight (num_output, C / group, kernel…), bias (num_output). Every bottom gives a top of
    its own, with the same weights (base_conv_layer.cpp, conv_layer.cpp).
    """

    type: ClassVar[str] = "Convolution"
    bottoms: ClassVar[Blobs] = at_least(1)
    tops: ClassVar[Blobs] = at_least(1)
    as_many_tops_as_bottoms: ClassVar[bool] = True

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("convolution_param")
        self.num_output = self.param.integer("num_output")
        self.group = self.param.integer("group")
        self.bias = self.param.flag("bias_term")
        if self.num_output == 0:
            raise self.param.error("expected num_output of at least 1, found 0", "num_output")
        if self.group == 0:
            raise self.param.error("expected at least 1 group, found 0", "group")

    def channel_axis(self, bottom: Shape) -> int:
        """The axis of the channels: before it the batch, after it the spatial axes."""
        return canonical_axis(self.param.integer("axis"), bottom, self.param)

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return read_windows(self.param, len(bottoms[0]) - self.channel_axis(bottoms[0]) - 1)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        axis = self.channel_axis(bottom)
        windows = self.windows(bottoms)
        self.check(bottoms, bottom[axis])
        top = self.top(bottom, axis, windows)
        params, notes = self.params(bottom[axis], windows)
        for extent, window in zip(bottom[axis + 1 :], windows, strict=True):
            notes += self.odd_window(extent, window)
        positions = self.positions(bottom, top, axis)
        if min(top) >= 0:  # a negative extent is told of the top
            self.check_buffers(params[0].shape, positions[axis:], top[axis + 1 :])
        macs = count(positions) * count(params[0].shape)
        return Facts((top,) * len(bottoms), params, macs * len(bottoms), notes)

    def top(self, bottom: Shape, axis: int, windows: list[Window]) -> Shape:
        """The shape of each top."""
        return (*bottom[:axis], self.num_output, *map(self.extent, bottom[axis + 1 :], windows))

    def check(self, bottoms: tuple[Shape, ...], channels: int) -> None:
        """Raise ShapeError for groups that do not divide, or bottoms of several shapes."""
        for what, extent in (("input channels", channels), ("output channels", self.num_output)):
            if extent % self.group:
                raise self.param.error(
                    f"{extent} {what} do not divide into {self.group} groups", "group"
                )
        for other in bottoms[1:]:
            if other != bottoms[0]:
                raise ShapeError(
                    f"expected bottoms of one shape, found {dims(bottoms[0])} and {dims(other)}"
                )

    def check_buffers(self, weight: Shape, moved: Shape, top: Shape) -> None:
        """Raise ShapeError where Caffe's buffers would be too large, or empty.

        One holds the patches of an item, for all places over which the kernel moves; one is as
        large as the top's spatial axes, and is filled where there is a bias.
        """
        check_shape((self.group * count(weight[1:]), *moved), "the buffer of an item's patches")
        if self.bias and 0 in top:
            raise ShapeError(f"with a bias no spatial extent may be 0, found {dims(top)}")

    def params(
        self, channels: int, windows: list[Window]
    ) -> tuple[tuple[Param, ...], tuple[str, ...]]:
        """The blobs, and notes on their fillers."""
        first, second = self.weight_channels(channels)
        kernel = (window.kernel for window in windows)
        weight = Param("weight", (first, second // self.group, *kernel))
        notes = check_filler(self.param.message("weight_filler"), weight)
        if not self.bias:
            return (weight,), notes
        bias = Param("bias", (self.num_output,))
        return (weight, bias), notes + check_filler(self.param.message("bias_filler"), bias)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom = bottoms[0]
        axis = self.channel_axis(bottom)
        windows = self.windows(bottoms)
        params, _ = self.params(bottom[axis], windows)
        steps = [
            self.step(name, extent, window)
            for name, extent, window in zip(
                axis_names(len(windows)), bottom[axis + 1 :], windows, strict=True
            )
        ]
        top = self.top(bottom, axis, windows)
        if self.group > 1:
            kernels, channels = self.weight_channels(bottom[axis])
            for name, extent in (
                (f"kernels of each of {self.group} groups", kernels),
                ("channels of each kernel", channels),
                (f"channels of the top from each of {self.group} groups", self.num_output),
            ):
                steps.append(Step(name, f"{extent} / {self.group}", extent // self.group))
        steps.extend(product(param.role, param.shape) for param in params)
        positions = self.positions(bottom, top, axis)
        passes = (len(bottoms),) if len(bottoms) > 1 else ()
        steps.append(product("multiply-accumulates", (*passes, *positions, *params[0].shape)))
        return steps

    # What the transposed convolution turns round.

    def extent(self, extent: int, window: Window) -> int:
        """The top's extent along one axis."""
        return convolved(extent, window)

    def step(self, name: str, extent: int, window: Window) -> Step:
        """The arithmetic of `extent`."""
        return convolved_step(name, extent, window)

    def weight_channels(self, channels: int) -> tuple[int, int]:
        """The two first extents of the weight, the second before its division into groups."""
        return self.num_output, channels

    def positions(self, bottom: Shape, top: Shape, axis: int) -> Shape:
        """The extents over which the kernel moves: it is applied once for each element."""
        return top[:axis] + top[axis + 1 :]

    def odd_window(self, extent: int, window: Window) -> tuple[str, ...]:
        """A note on a kernel larger than its input, which C++'s rounding toward zero lets pass.

        Raises ShapeError where it leaves less than nothing.
        """
        padded = extent + 2 * window.pad
        if window.span <= padded:
            return ()
        if self.extent(extent, window) < 0:
            raise self.param.error(
                f"expected a kernel within the padded input's {padded}, "
                f"found one that covers {window.span}",
                "kernel_size",
            )
        return (f"a kernel that covers {window.span} lies on a padded input of {padded}",)


class Deconvolution(Convolution):
    """(batch…, C, spatial…) -> (batch…, num_output, spatial'…), the gradient of a convolution.

    Blobs: weight (C, num_output / group, kernel…), bias (num_output) (deconv_layer.cpp).
    """

    type: ClassVar[str] = "Deconvolution"
    transposed: ClassVar[bool] = True

    def extent(self, extent: int, window: Window) -> int:
        return deconvolved(extent, window)

    def step(self, name: str, extent: int, window: Window) -> Step:
        return deconvolved_step(name, extent, window)

    def weight_channels(self, channels: int) -> tuple[int, int]:
        return channels, self.num_output

    def positions(self, bottom: Shape, top: Shape, axis: int) -> Shape:
        return bottom[:axis] + bottom[axis + 1 :]

    def odd_window(self, extent: int, window: Window) -> tuple[str, ...]:
        return ()
