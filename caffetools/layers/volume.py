"""C3D's convolutions and pooling over volumes: a length, a height and a width."""

from __future__ import annotations

from caffetools.layers.base import Facts, Layer, Param, Spec
from caffetools.layers.blobs import Shape, Step, exactly
from caffetools.layers.checks import check_axes, check_int, read_integer
from caffetools.layers.convolution import Convolution, Deconvolution
from caffetools.layers.pooling import pooled_extents, pooled_step
from caffetools.layers.window import Window, axis_names
from caffetools.proto.message import Message


class Convolution3D(Convolution):
    """(N, C, L, H, W) -> (N, num_output, L', H', W') (convolution3d_layer.cpp).

    Blobs: weight (num_output, C, kernel_depth, kernel_size, kernel_size), bias (1, 1, 1, 1,
    num_output). A `filter_group` divides the work only, and `group` has no effect. Nets of 2014
    have the options in convolution_param.
    """

    type = "Convolution3D"
    bottoms = exactly(1)
    tops = exactly(1)
    as_many_tops_as_bottoms = False
    origin = "facebookarchive/C3D"

    def __init__(self, spec: Spec) -> None:
        self.param_name = options_name(spec, "convolution")
        super().__init__(spec)
        self.group = 1
        self.axes = read_volume(self.param)

    def channel_axis(self, bottom: Shape) -> int:
        check_axes(bottom, 5, 5)
        return 1

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return self.axes

    def params(self, channels: int, windows: list[Window]) -> tuple[Param, ...]:
        weight, *bias = super().params(channels, windows)
        return (weight, *(Param(each.role, (1, 1, 1, 1, self.num_output)) for each in bias))


class Deconvolution3D(Convolution3D, Deconvolution):
    """(N, C, L, H, W) -> (N, num_output, L', H', W') (deconvolution3d_layer.cpp).

    The gradient of a Convolution3D. Blobs: weight (C, num_output, kernel_depth, kernel_size,
    kernel_size), bias (1, 1, 1, 1, num_output).
    """

    type = "Deconvolution3D"


class Pooling3D(Layer):
    """(N, C, L, H, W) -> (N, C, L', H', W') (pool3d_layer.cpp).

    The number of windows is rounded up; none is dropped. Nets of 2014 have the options in
    pooling_param.
    """

    type = "Pooling3D"
    origin = "facebookarchive/C3D"

    def __init__(self, spec: Spec) -> None:
        self.param_name = options_name(spec, "pooling")
        super().__init__(spec)
        self.method = self.param.text("pool")
        self.axes = read_volume(self.param, temporal_pad=False)
        if self.axes[1].pad and self.method != "AVE":
            raise self.param.error(f"pad expected AVE pooling, found {self.method}", "pad")

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return self.axes

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_axes(bottoms[0], 5, 5)
        extents, notes = pooled_extents(self.param, bottoms[0][2:], self.axes, "CEIL", padded=False)
        return Facts(((*bottoms[0][:2], *extents),), notes=notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        axes = zip(axis_names(3), bottoms[0][2:], self.axes, strict=True)
        return [pooled_step(*axis, "CEIL", padded=False) for axis in axes]


def options_name(spec: Spec, kind: str) -> str:
    """Return the field with the options of a layer: its own, or that of the layer over planes."""
    own = f"{kind}3d_param"
    return (
        own if spec.message.has(own) or not spec.message.has(f"{kind}_param") else f"{kind}_param"
    )


def read_volume(param: Message, *, temporal_pad: bool = True) -> list[Window]:
    """Read the windows along length, height and width."""
    check_int(param, "pad")
    depth = read_integer(param, "temporal_pad", 0) if temporal_pad else 0
    pad = next(iter(param.integers("pad")), 0)
    size, stride = (next(iter(param.integers(name)), 1) for name in ("kernel_size", "stride"))
    if not (param.has("kernel_size") and size and stride):
        raise param.error("expected a kernel_size and a stride of at least 1", "kernel_size")
    kernel, step = (read_integer(param, name) for name in ("kernel_depth", "temporal_stride"))
    return [Window(kernel, step, depth), *[Window(size, stride, pad)] * 2]
