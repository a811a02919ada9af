"""Im2col: the patches that a convolution would see."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import (
    Facts,
    Layer,
    Shape,
    Spec,
    Step,
    Window,
    canonical_axis,
    count,
    product,
)
from caffetools.layers.window import axis_name, axis_names, convolved, convolved_step, read_windows


class Im2col(Layer):
    """(batch…, C, spatial…) -> (batch…, C · kernel…, spatial'…) (im2col_layer.cpp).

    Its options are a convolution's.
    """

    type: ClassVar[str] = "Im2col"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("convolution_param")

    def channel_axis(self, bottom: Shape) -> int:
        """The axis of the channels; raises ShapeError where no axis lies behind it."""
        axis = canonical_axis(self.param.integer("axis"), bottom, self.param)
        if axis == len(bottom) - 1:
            raise self.param.error(
                f"expected a spatial axis behind the channels' axis {axis}, found none", "axis"
            )
        return axis

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return read_windows(self.param, len(bottoms[0]) - self.channel_axis(bottoms[0]) - 1)

    def patch(self, bottoms: tuple[Shape, ...]) -> Shape:
        """The channels and the kernel's extents, whose product is the channels of the top."""
        channels = bottoms[0][self.channel_axis(bottoms[0])]
        return (channels, *(window.kernel for window in self.windows(bottoms)))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, axis = bottoms[0], self.channel_axis(bottoms[0])
        spatial = map(convolved, bottom[axis + 1 :], self.windows(bottoms))
        return Facts(((*bottom[:axis], count(self.patch(bottoms)), *spatial),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        bottom, axis = bottoms[0], self.channel_axis(bottoms[0])
        windows = self.windows(bottoms)
        names = axis_names(len(windows))
        return [
            product(axis_name(axis, bottom), self.patch(bottoms)),
            *map(convolved_step, names, bottom[axis + 1 :], windows),
        ]
