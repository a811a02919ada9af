"""Forks' layers that normalise: BN, which came before Caffe's own BatchNorm, and Normalize."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import (
    Blobs,
    Facts,
    Layer,
    Param,
    Shape,
    Spec,
    Step,
    Window,
    between,
    product,
)
from caffetools.layers.checks import check_axes, check_not_empty
from caffetools.layers.fillers import check_filler
from caffetools.layers.legacy import four_axes


class BN(Layer):
    """(N, C, H, W), each channel normalised, scaled and shifted (bn_layer.cpp).

    Two families of forks have the type. In HyeonwooNoh/caffe, alexgkendall/caffe-segnet and
    lim0606/caffe-googlenet-bn its blobs are scale and shift, both (1, C, 1, 1); two further tops of
    that shape hold the batch's mean and variance, which INFERENCE does not compute. In
    yjxiong/caffe, Cysu/caffe and hszhao/PSPNet the blobs are slope, bias and the running mean and
    variance, all (1, C), in PSPNet (1, C, 1, 1); no solver changes the last two, or any where the
    layer is `frozen`. The options say which one it is, or a `param` for more than two blobs.
    """

    type: ClassVar[str] = "BN"
    tops: ClassVar[Blobs] = between(1, 3)
    origin: ClassVar[str | None] = "yjxiong/caffe"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("bn_param")
        self.frozen = self.param.flag("frozen")
        self.top_count = len(spec.tops)
        with_statistics = ("slope_filler", "bias_filler", "frozen", "momentum", "eps")
        without = ("scale_filler", "shift_filler", "bn_mode")
        self.statistics = any(map(self.param.has, with_statistics)) or (
            spec.message.count("param") > 2 and not any(map(self.param.has, without))
        )
        if self.top_count > 1 and (self.statistics or self.param.text("bn_mode") == "INFERENCE"):
            what = "one that keeps statistics" if self.statistics else "INFERENCE"
            raise spec.message.error(
                f"further tops are for a BN that learns, found {what}", "top", 1
            )

    def params(self, bottom: Shape) -> tuple[Param, ...]:
        """The blobs."""
        channels = four_axes(bottom)[1]
        if not self.statistics:
            return tuple(Param(role, (1, channels, 1, 1)) for role in ("scale", "shift"))
        return (
            *(Param(role, (1, channels), statistic=self.frozen) for role in ("slope", "bias")),
            *(Param(role, (1, channels), statistic=True) for role in ("mean", "variance")),
        )

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, params = bottoms[0], self.params(bottoms[0])
        check_not_empty(bottom, bottom)
        notes: tuple[str, ...] = ()
        for param in params[:2]:
            notes += check_filler(self.param.message(f"{param.role}_filler"), param)
        if self.statistics:
            return Facts((bottom,), params, notes=notes)
        tops = (four_axes(bottom), params[0].shape, params[0].shape)
        return Facts(tops[: self.top_count], params, notes=notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [product(param.role, param.shape[1:2]) for param in self.params(bottoms[0])]


class Normalize(Layer):
    """(N, C, …), each item, or each place with `across_spatial: false`, scaled to length 1.

    Blob: scale (C), or a scalar with `channel_shared`, the default (normalize_layer.cpp). A fork
    with options of its own, `normalize_param` (happynear/caffe-windows), has no blob; its tops have
    four axes, and a second one holds the lengths.
    """

    type: ClassVar[str] = "Normalize"
    tops: ClassVar[Blobs] = between(1, 2)
    origin: ClassVar[str | None] = "weiliu89/caffe"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("norm_param")
        self.shared = self.param.flag("channel_shared")
        self.top_count = len(spec.tops)
        self.bare = self.top_count == 2 or spec.message.has("normalize_param")
        if self.bare and spec.message.has("norm_param"):
            raise spec.message.error(
                "norm_param is for one top, and not beside normalize_param", "norm_param"
            )

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        return None if self.param.flag("across_spatial") and not self.bare else []

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        if self.bare:
            top = four_axes(bottom)
            return Facts((top, (top[0], 1, *top[2:]))[: self.top_count])
        check_axes(bottom, 2, 4)
        check_not_empty(bottom[1:], bottom)
        scale = self.scale(bottom)
        notes = check_filler(self.param.message("scale_filler"), scale)
        return Facts(bottoms, (scale,), notes=notes)

    def scale(self, bottom: Shape) -> Param:
        """The blob."""
        return Param("scale", () if self.shared else bottom[1:2])

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [] if self.bare else [product("scale", self.scale(bottoms[0]).shape)]
