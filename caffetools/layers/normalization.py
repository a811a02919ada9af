"""Normalization over a batch, channels or a neighborhood."""

from __future__ import annotations

from caffetools.layers.base import Facts, Layer, Param, Spec
from caffetools.layers.blobs import Shape, Step, between, product
from caffetools.layers.checks import check_axes, check_int, check_not_empty, four_axes
from caffetools.layers.fillers import check_fillers
from caffetools.layers.window import Window


class LRN(Layer):
    """(N, C, H, W), each element divided by a power of its neighbors' squares (lrn_layer.cpp).

    The neighbors are `local_size` channels, or a square within one channel.
    """

    type = "LRN"
    ignores_propagate_down = True
    param_name = "lrn_param"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.size = self.param.integer("local_size")
        self.within = self.param.text("norm_region") == "WITHIN_CHANNEL"
        self.squared = spec.in_place() and not self.within
        check_int(self.param, "local_size")
        if self.size % 2 == 0:
            raise self.param.error(f"expected an odd local_size, found {self.size}", "local_size")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_axes(bottoms[0], 4, 4)
        k = self.param.number("k")
        notes = (f"k {k:g} is ignored within a channel",) if self.within and k != 1 else ()
        if self.squared:
            notes = ("in place, Caffe's CPU code returns the square of the factor alone",)
        return Facts(bottoms, notes=notes)

    def backward_reads(self, in_place: bool) -> tuple[str, ...]:
        return ("bottom",) if self.within else ("bottom", "masked top")

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return [Window(self.size, pad=(self.size - 1) // 2)] * 2 if self.within else []


class BatchNorm(Layer):
    """(N, C, …), each channel normalized to mean 0 and variance 1 (batch_norm_layer.cpp).

    Blobs: mean (C), variance (C) and the factor (1) that divides both. They are running statistics,
    which no solver may change. A Scale layer adds the affine part.

    NVIDIA's Caffe adds scale (C) and bias (C) with `scale_bias` or one of their fillers; up to its
    0.15, whose nets let the first two blobs learn, they are the first blobs. Intel's adds them with
    `filler`.
    """

    type = "BatchNorm"
    ignores_propagate_down = True
    param_name = "batch_norm_param"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        specs = spec.message.messages("param")[:3]
        learning = [param for param in specs if param.number("lr_mult") != 0]
        fillers = ("scale_filler", "bias_filler", "filler")
        self.affine = self.param.flag("scale_bias") or any(map(self.param.has, fillers))
        self.affine_first = bool(learning) and learning[0] is specs[0]
        if learning and not self.affine:
            text = f"expected lr_mult 0 for the statistics, found {learning[0].number('lr_mult'):g}"
            raise learning[0].error(text, "lr_mult")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        check_axes(bottom, 2)
        check_not_empty(bottom, bottom)
        shapes = {"mean": bottom[1:2], "variance": bottom[1:2], "factor": (1,)}
        statistics = tuple(Param(role, shape, statistic=True) for role, shape in shapes.items())
        roles = ("scale", "bias") if self.affine else ()
        learned = tuple(Param(role, bottom[1:2]) for role in roles)
        notes = check_fillers(self.param, learned)
        params = learned + statistics if self.affine_first else statistics + learned
        return Facts(bottoms, params, notes=notes)


class MVN(Layer):
    """Each channel, or each item, normalized to mean 0 and variance 1 (mvn_layer.cpp).

    The bottom has at most four axes; the top always has four, missing ones of extent 1.
    """

    type = "MVN"
    ignores_propagate_down = True
    is_global = True

    def __init__(self, spec: Spec) -> None:
        param = spec.param("mvn_param")
        self.across = param.flag("across_channels")
        self.gradient_reads = ("bottom", "top") if param.flag("normalize_variance") else ()

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        top = four_axes(bottom)
        check_not_empty(top[1:] if self.across else top[2:], bottom)
        return Facts((top,))


class BN(Layer):
    """(N, C, H, W), each channel normalized, scaled and shifted (bn_layer.cpp).

    Two groups of forks define the type. In HyeonwooNoh/caffe, alexgkendall/caffe-segnet and
    lim0606/caffe-googlenet-bn its blobs are scale and shift, both (1, C, 1, 1); two further tops of
    that shape are the batch's mean and variance, except with INFERENCE. In
    yjxiong/caffe, Cysu/caffe and hszhao/PSPNet the blobs are slope, bias and the running mean and
    variance, all (1, C, 1, 1) as in PSPNet, in others (1, C); no solver changes the last two, nor
    any with `frozen`. The options distinguish them, or more than two `param`.
    """

    type = "BN"
    param_name = "bn_param"
    tops = between(1, 3)
    origin = "yjxiong/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.frozen = self.param.flag("frozen")
        with_statistics = ("slope_filler", "bias_filler", "frozen", "momentum", "eps")
        without = ("scale_filler", "shift_filler", "bn_mode")
        self.statistics = any(map(self.param.has, with_statistics)) or (
            spec.message.count("param") > 2 and not any(map(self.param.has, without))
        )
        if self.top_count > 1 and (self.statistics or self.param.text("bn_mode") == "INFERENCE"):
            what = "running statistics" if self.statistics else "INFERENCE"
            raise spec.message.error(f"expected one top for a BN with {what}", "top", 1)

    def params(self, bottom: Shape) -> tuple[Param, ...]:
        """Return the parameters."""
        channels = four_axes(bottom)[1]
        shape = (1, channels, 1, 1)
        if not self.statistics:
            return tuple(Param(role, shape) for role in ("scale", "shift"))
        return (
            *(Param(role, shape, statistic=self.frozen) for role in ("slope", "bias")),
            *(Param(role, shape, statistic=True) for role in ("mean", "variance")),
        )

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom, params = bottoms[0], self.params(bottoms[0])
        check_not_empty(bottom, bottom)
        notes = check_fillers(self.param, params[:2])
        if self.statistics:
            return Facts((bottom,), params, notes=notes)
        tops = (four_axes(bottom), params[0].shape, params[0].shape)
        return Facts(tops[: self.top_count], params, notes=notes)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [product(param.role, param.shape[1:2]) for param in self.params(bottoms[0])]


class Normalize(Layer):
    """(N, C, …), each item, or each position with `across_spatial: false`, scaled to length 1.

    Blob: scale (C), or a scalar with `channel_shared`, the default (normalize_layer.cpp). The
    fork with `normalize_param` (happynear/caffe-windows) has no blob; its tops have four axes, a
    second one has the lengths.
    """

    type = "Normalize"
    gradient_reads = ("bottom", "top")
    param_name = "norm_param"
    tops = between(1, 2)
    origin = "weiliu89/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.bare = self.top_count == 2 or spec.message.has("normalize_param")
        if self.bare and spec.message.has("norm_param"):
            text = "norm_param expected one top and no normalize_param"
            raise spec.message.error(text, "norm_param")

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        return None if self.param.flag("across_spatial") and not self.bare else []

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        if self.bare:
            top = four_axes(bottom)
            return Facts((top, (top[0], 1, *top[2:]))[: self.top_count])
        check_axes(bottom, 2, 4)
        check_not_empty(bottom[1:], bottom)
        scale = (Param("scale", () if self.param.flag("channel_shared") else bottom[1:2]),)
        return Facts(bottoms, scale, notes=check_fillers(self.param, scale))
