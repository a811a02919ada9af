"""SPP: pooling over halves, quarters, eighths, ... of the image (He et al., arXiv:1406.4729)."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import Facts, Layer, Shape, Spec, Step, Window, dims
from caffetools.layers.checks import check_axes
from caffetools.layers.pooling import pooled_step
from caffetools.layers.window import axis_name, axis_names


class SPP(Layer):
    """(N, C, H, W) -> (N, C · bins), or (N, C, 1, 1) for one level (spp_layer.cpp).

    Level i divides each axis into 2^i bins of one extent, padding the image to hold them; the top
    has those of all levels.
    """

    type: ClassVar[str] = "SPP"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("spp_param")
        self.height = self.param.integer("pyramid_height")
        self.method = self.param.text("pool")
        if self.height == 0:
            raise self.param.error(
                "expected a pyramid_height of at least 1, found 0", "pyramid_height"
            )

    def level(self, index: int, bottom: Shape) -> list[Window]:
        """The windows of a level; raises ShapeError for pads that its pooling refuses."""
        windows = [level_window(extent, 2**index) for extent in bottom[2:]]
        padded = any(window.pad for window in windows)
        if padded and self.method == "STOCHASTIC":
            raise self.param.error(
                f"level {index} of {dims(bottom)} needs a pad, which is for MAX and AVE pooling",
                "pool",
            )
        for extent, window in zip(bottom[2:], windows, strict=True):
            if window.pad >= window.kernel:
                raise self.param.error(
                    f"level {index} of the pyramid cannot divide an extent of {extent} "
                    f"into {2**index}: its kernel of {window.kernel} would lie in the pad",
                    "pyramid_height",
                )
        return windows

    def bins(self, bottom: Shape) -> list[list[Step]]:
        """The arithmetic of each level's two extents."""
        levels = []
        for index in range(self.height):
            windows = self.level(index, bottom)
            padded = any(window.pad for window in windows)
            levels.append(
                [
                    pooled_step(f"{name} of level {index}", extent, window, "CEIL", padded)
                    for name, extent, window in zip(axis_names(2), bottom[2:], windows, strict=True)
                ]
            )
        return levels

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        check_axes(bottom, 4, 4)
        if 0 in bottom[2:]:
            raise ShapeError(f"expected an image that is not empty, found {dims(bottom)}")
        levels = self.bins(bottom)
        if self.height == 1:
            return Facts(((*bottom[:2], *(step.value for step in levels[0])),))
        bins = sum(height.value * width.value for height, width in levels)
        return Facts(((bottom[0], bottom[1] * bins),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        levels = self.bins(bottoms[0])
        steps = [step for level in levels for step in level]
        if self.height == 1:
            return steps
        (top,) = self.facts(bottoms).tops
        assert top is not None
        bins = " + ".join(f"{height.value}*{width.value}" for height, width in levels)
        return [*steps, Step(axis_name(1, top), f"{bottoms[0][1]} * ({bins})", top[1])]

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None


def level_window(extent: int, bins: int) -> Window:
    """The window that covers an extent in so many steps of its own size."""
    kernel = -(-extent // bins)
    return Window(kernel, kernel, (kernel * bins - extent + 1) // 2)
