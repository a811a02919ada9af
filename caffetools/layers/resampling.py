"""Layers of forks that make images larger or smaller: by interpolation, or back where they were."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from caffetools.errors import ShapeError
from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, Step, between, dims
from caffetools.layers.checks import check_axes, four_axes, mismatch, read_integer
from caffetools.layers.pooling import read_kernel, read_pair
from caffetools.layers.window import Window, axis_names, deconvolved_step


class Interp(Layer):
    """(N, C, H, W) -> (N, C, H', W'), bilinear with aligned corners (interp_layer.cpp).

    H' and W' follow from `shrink_factor` and `zoom_factor`, or are `height` and `width`, or, with
    `use_blob_size`, those of the second bottom (soeaver/caffe-model). Negative pads crop first.
    """

    type = "Interp"
    param_name = "interp_param"
    bottoms = between(1, 2)
    data_bottoms = 1
    origin = "hszhao/PSPNet"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        param = self.param
        pads = {name: param.integer(name) for name in ("pad_beg", "pad_end")}
        for name, pad in pads.items():
            if pad > 0:
                raise param.error(f"expected a {name} of at most 0, found {pad}", name)
        self.pad = sum(pads.values())
        self.like_blob = param.flag("use_blob_size")
        if self.like_blob and len(spec.bottoms) == 1:
            raise param.error("expected a second bottom with the size, found one", "use_blob_size")
        names = [name for name in ("shrink_factor", "zoom_factor") if param.has(name)]
        self.factors = [read_integer(param, name) for name in names]
        # One factor overrides height and width, which override two factors.
        self.given = len(self.factors) != 1 and param.has("height") and param.has("width")
        if not (self.like_blob or self.given or self.factors):
            raise param.error("expected height and width, shrink_factor or zoom_factor, found none")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = four_axes(bottoms[0])
        if min(bottom[2:]) + self.pad < 1:
            raise ShapeError(f"a crop of {-self.pad} exceeds {dims(bottom)}")
        steps = self.explain(bottoms)
        for step in steps:
            if step.value < 1:
                text = f"expected a {step.name} of at least 1, found {step.value}"
                raise self.param.error(text, step.name)
        return Facts(((*bottom[:2], *(step.value for step in steps)),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        if self.like_blob:
            return given_steps(four_axes(bottoms[1])[2:])
        if self.given:
            return given_steps(map(self.param.integer, ("height", "width")))
        return list(map(self.scaled, axis_names(2), four_axes(bottoms[0])[2:]))

    def scaled(self, name: str, extent: int) -> Step:
        """Return the arithmetic of the factors: the extent less 1 is shrunk, then zoomed."""
        value = extent + self.pad - 1
        formula = f"({extent} - {-self.pad} - 1)" if self.pad else f"({extent} - 1)"
        if self.param.has("shrink_factor"):
            shrink = self.param.integer("shrink_factor")
            formula, value = f"floor({formula} / {shrink})", value // shrink
        if self.param.has("zoom_factor"):
            zoom = self.param.integer("zoom_factor")
            formula, value = f"{formula} * {zoom}", value * zoom
        return Step(name, f"{formula} + 1", value + 1)


class Upsample(Layer):
    """(N, C, H, W) -> (N, C, H', W'), each value at the position in its mask (upsample_layer.cpp).

    The mask is the second top of a Pooling layer. H' and W' are `upsample_h` and `upsample_w` or,
    in the older form, H and W times `scale`, less 1 with `pad_out_h` or `pad_out_w`. Without a mask
    each value is repeated (eric612/MobileNet-YOLO): the last two axes of any blob times `scale`.
    """

    type = "Upsample"
    param_name = "upsample_param"
    bottoms = between(1, 2)
    transposed = True
    origin = "alexgkendall/caffe-segnet"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        param = self.param
        self.masked = len(spec.bottoms) == 2
        if not self.masked:
            self.axes = [Enlarged(read_integer(param, "scale") if param.has("scale") else 1)] * 2
            return
        by_axis = param.has("scale_h"), param.has("scale_w")
        if param.has("upsample_h") and param.has("upsample_w"):
            extents = [read_integer(param, f"upsample_{axis}", 2) for axis in "hw"]
            self.axes = [Enlarged(extent=extent) for extent in extents]
        elif any(by_axis) and (not all(by_axis) or param.has("scale")):
            text = "expected upsample_h and upsample_w, scale, or scale_h and scale_w"
            raise param.error(text, "scale_h" if by_axis[0] else "scale_w")
        else:
            names = ("scale_h", "scale_w") if all(by_axis) else ("scale", "scale")
            scales = [read_integer(param, name, 2) for name in names]
            cuts = [param.flag("pad_out_h"), param.flag("pad_out_w")]
            for axis, scale, cut in zip("hw", scales, cuts, strict=True):
                if cut and scale != 2:
                    text = f"pad_out_{axis} expected a scale of 2, found {scale}"
                    raise param.error(text, f"pad_out_{axis}")
            self.axes = list(map(Enlarged, scales, map(int, cuts)))

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        return [Window(axis.scale, axis.scale) for axis in self.axes if axis.scale] or None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        for bottom in bottoms:
            check_axes(bottom, *((4, 4) if self.masked else (2,)))
        if self.masked and bottoms[0] != bottoms[1]:
            raise mismatch(f"a mask of the shape {dims(bottoms[0])}", bottoms[1])
        return Facts(((*bottoms[0][:-2], *(step.value for step in self.explain(bottoms))),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return list(map(Enlarged.step, self.axes, axis_names(2), bottoms[0][-2:]))


class Enlarged(NamedTuple):
    """Output extent of upsampling along an axis: a multiple less `cut`, or a given extent."""

    scale: int | None = None
    cut: int = 0
    extent: int = 0

    def step(self, name: str, extent: int) -> Step:
        """Return the arithmetic for a bottom of this extent."""
        if self.scale is None:
            return Step(name, str(self.extent), self.extent)
        less = f" - {self.cut}" if self.cut else ""
        return Step(name, f"{extent} * {self.scale}{less}", extent * self.scale - self.cut)


class Unpooling(Layer):
    """(N, C, H, W) -> (N, C, unpool_h, unpool_w), the inverse of pooling (unpooling_layer.cpp).

    MAX puts each value at the position in the mask of a Pooling layer, the second bottom, or
    without a mask at the start of its window.
    """

    type = "Unpooling"
    param_name = "unpooling_param"
    bottoms = between(1, 2)
    transposed = True
    origin = "HyeonwooNoh/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        param = self.param
        self.kernels = read_kernel(param)
        self.strides = read_pair(param, "stride", 1)
        if any(read_pair(param, "pad", 0)):
            raise param.error("expected no pad", "pad" if param.has("pad") else "pad_h")
        method = param.text("unpool")
        if method != "MAX" and len(spec.bottoms) > 1:
            raise param.error(f"a second bottom expected MAX unpooling, found {method}", "unpool")
        by_axis = [param.has("unpool_h"), param.has("unpool_w")]
        if any(by_axis) == param.has("unpool_size") or any(by_axis) != all(by_axis):
            raise param.error("expected unpool_size, or both unpool_h and unpool_w", "unpool_size")
        names = ("unpool_h", "unpool_w") if all(by_axis) else ("unpool_size",) * 2
        self.extents = [read_integer(param, name, 0) for name in names]

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return list(map(Window, self.kernels, self.strides))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts(((*four_axes(bottoms[0])[:2], *self.extents),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return given_steps(self.extents)


class ParseNetUnpooling(Layer):
    """(N, C, H, W) -> (N, C, (H - 1) · stride + kernel - 2 · pad, W'), the inverse of pooling.

    FIXED puts a value in the middle of its window, REP in all of it, DIV a share; where windows
    overlap, the mean. A second bottom gives the size, as after global pooling. GROUP replaces each
    value by the mean of its group, whose number the second bottom holds (unpooling_layer.cpp).
    """

    type = "UnPooling"
    param_name = "unpooling_param"
    bottoms = between(1, 2)
    data_bottoms = 1
    transposed = True
    origin = "weiliu89/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        param = self.param
        self.method = param.text("unpool") if param.has("unpool") else "FIXED"
        self.grouped = self.method == "GROUP"
        if self.grouped and len(spec.bottoms) == 1:
            raise param.error("GROUP expected a second bottom, the groups, found one", "unpool")
        if self.method not in ("FIXED", "DIV", "REP", "GROUP"):
            raise param.error(f"expected FIXED, DIV, REP or GROUP, found {self.method}", "unpool")
        if self.grouped:
            return
        kernels = [f"out_kernel_{each}" for each in "hw"]
        names = kernels if all(map(param.has, kernels)) else ["out_kernel_size"] * 2
        self.kernels = [read_integer(param, name) for name in names]
        self.strides, self.pads = read_pair(param, "out_stride", 1), read_pair(param, "out_pad", 0)

    def axes(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        """Return kernel, stride and padding along height and width."""
        if len(bottoms) == 1:
            return list(map(Window, self.kernels, self.strides, self.pads))
        found = []
        for extent, wanted in zip(*(four_axes(each)[2:] for each in bottoms), strict=True):
            kernel = -(-wanted // extent)
            stride = 1 if kernel == wanted else kernel
            found.append(Window(kernel, stride, ((extent - 1) * stride + kernel - wanted) // 2))
        return found

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        return None if self.grouped else self.axes(bottoms)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        image, *groups = map(four_axes, bottoms)
        if self.grouped and (image[0], *image[2:]) != (groups[0][0], *groups[0][2:]):
            raise mismatch("groups of as many items, rows and columns", image, *groups)
        for axis in self.axes(bottoms):
            if axis.pad >= axis.kernel:
                text = f"expected a padding below the kernel, {axis.kernel}, found {axis.pad}"
                raise self.param.error(text, "out_pad")
        sides = tuple(step.value for step in self.explain(bottoms))
        return Facts(((*image[:2], *sides),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        extents = four_axes(bottoms[0])[2:]
        return list(map(deconvolved_step, axis_names(2), extents, self.axes(bottoms)))


def given_steps(extents: Iterable[int]) -> list[Step]:
    """Return a height and a width that are not computed."""
    return [
        Step(name, str(extent), extent) for name, extent in zip(axis_names(2), extents, strict=True)
    ]
