"""Layers of optical flow nets: correlation, warping, the length of a flow."""

from __future__ import annotations

from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, Step, dims, exactly
from caffetools.layers.checks import four_axes, mismatch, read_integer


class Correlation(Layer):
    """(N, C, H, W) twice -> (N, D², H', W'), the likeness of patches at D² displacements.

    A displacement is up to `max_displacement` in steps of `stride_2` along each axis; patches of
    `kernel_size` lie `stride_1` apart (correlation_layer.cpp). `do_abs` has no effect.
    """

    type = "Correlation"
    param_name = "correlation_param"
    bottoms = exactly(2)
    origin = "lmb-freiburg/flownet2"
    is_global = True
    gradient_reads = ("bottom",)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        for name in ("kernel_size", "max_displacement"):
            if not self.param.has(name):
                raise self.param.error(f"expected {name}, found none")
        self.kernel = read_integer(self.param, "kernel_size")
        if self.kernel % 2 == 0:
            text = f"expected an odd kernel_size, found {self.kernel}"
            raise self.param.error(text, "kernel_size")
        self.reach = read_integer(self.param, "max_displacement", 0)
        self.strides = tuple(read_integer(self.param, f"stride_{each}") for each in (1, 2))
        self.pad = read_integer(self.param, "pad", 0)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        first, second = map(four_axes, bottoms)
        if first[1:] != second[1:]:
            raise mismatch("bottoms of the same channels, height and width", *bottoms)
        channels, *sides = (step.value for step in self.explain(bottoms))
        if min(sides) < 1:
            border = self.reach + self.kernel // 2
            text = f"expected padded sides over {2 * border}, for the border of {border}"
            raise mismatch(text, bottoms[0])
        return Facts(((first[0], channels, *sides),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        first, (stride, step) = four_axes(bottoms[0]), self.strides
        grid, border = 2 * (self.reach // step) + 1, self.reach + self.kernel // 2
        steps = [Step("channels", f"(2 * floor({self.reach} / {step}) + 1)**2", grid**2)]
        for name, extent in zip(("height", "width"), first[2:], strict=True):
            room = extent + 2 * self.pad - 2 * border
            formula = f"ceil(({extent} + 2*{self.pad} - 2*{border}) / {stride})"
            steps.append(Step(name, formula, -(-room // stride)))
        return steps


class FlowWarp(Layer):
    """Image (N, C, H, W), flow (N, 2, H, W) in pixels (x, y) -> (N, C, H, W).

    Each position is read where the flow points to, bilinearly; beyond the image it is
    `fill_value` (flow_warp_layer.cpp).
    """

    type = "FlowWarp"
    param_name = "flow_warp_param"
    bottoms = exactly(2)
    origin = "lmb-freiburg/flownet2"
    is_global = True
    gradient_reads = ("bottom",)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        num, _, *size = image = four_axes(bottoms[0])
        if four_axes(bottoms[1]) != (num, 2, *size):
            raise mismatch(f"a flow of {dims((num, 2, *size))}", bottoms[1])
        return Facts((image,))


class ChannelNorm(Layer):
    """(N, C, H, W) -> (N, 1, H, W), the square root of the sum of squares over the channels.

    (channel_norm_layer.cpp)
    """

    type = "ChannelNorm"
    origin = "lmb-freiburg/flownet2"
    gradient_reads = ("bottom", "top")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        num, _, *size = four_axes(bottoms[0])
        return Facts(((num, 1, *size),))
