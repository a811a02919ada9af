"""Layers that set each element in proportion to others: all shapes stay."""

from __future__ import annotations

from typing import ClassVar

from caffetools.layers.base import (
    Facts,
    Layer,
    Param,
    Shape,
    Spec,
    Step,
    Window,
    canonical_axis,
    product,
)
from caffetools.layers.checks import check_axes, check_int, check_not_empty
from caffetools.layers.fillers import check_filler


class LRN(Layer):
    """(N, C, H, W), each element divided by a power of its neighbours' squares (lrn_layer.cpp).

    The neighbours are in `local_size` channels, or in a square of one channel.
    """

    type: ClassVar[str] = "LRN"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("lrn_param")
        self.size = self.param.integer("local_size")
        self.within = self.param.text("norm_region") == "WITHIN_CHANNEL"
        check_int(self.param, "local_size")
        if self.size % 2 == 0:
            raise self.param.error(f"expected an odd local_size, found {self.size}", "local_size")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_axes(bottoms[0], 4, 4)
        k = self.param.number("k")
        notes = (f"k is not read within a channel, found {k:g}",) if self.within and k != 1 else ()
        return Facts(bottoms, notes=notes)

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window]:
        return [Window(self.size, pad=(self.size - 1) // 2)] * 2 if self.within else []


class BatchNorm(Layer):
    """(N, C, …), each channel shifted and scaled to mean 0 and variance 1 (batch_norm_layer.cpp).

    Blobs: mean (C), variance (C) and the factor (1) by which both are to be divided. The layer
    keeps them itself: no solver may change them. An affine part is a Scale layer of its own.

    NVIDIA's Caffe adds a scale (C) and a bias (C) for `scale_bias`, or where one has a filler. Up
    to its 0.15, whose nets let the first two blobs learn, they stand before the others. Intel's
    adds them for its `filler`.
    """

    type: ClassVar[str] = "BatchNorm"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("batch_norm_param")
        specs = spec.message.messages("param")[:3]
        learning = [param for param in specs if param.number("lr_mult") != 0]
        self.affine = self.param.flag("scale_bias") or any(
            self.param.has(name) for name in ("scale_filler", "bias_filler", "filler")
        )
        self.affine_first = bool(learning) and learning[0] is specs[0]
        if learning and not self.affine:
            raise learning[0].error(
                "expected lr_mult 0: a solver cannot learn statistics, "
                f"found {learning[0].number('lr_mult'):g}",
                "lr_mult",
            )

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        check_axes(bottom, 2)
        check_not_empty(bottom, bottom)
        notes: tuple[str, ...] = ()
        for param in self.learned(bottom):
            notes += check_filler(self.param.message(f"{param.role}_filler"), param)
        return Facts(bottoms, self.blobs(bottom), notes=notes)

    def learned(self, bottom: Shape) -> tuple[Param, ...]:
        """The blobs of the affine part."""
        return tuple(Param(role, bottom[1:2]) for role in ("scale", "bias")) if self.affine else ()

    def blobs(self, bottom: Shape) -> tuple[Param, ...]:
        """All blobs, in Caffe's order."""
        shapes = {"mean": bottom[1:2], "variance": bottom[1:2], "factor": (1,)}
        statistics = tuple(Param(role, shape, statistic=True) for role, shape in shapes.items())
        learned = self.learned(bottom)
        return learned + statistics if self.affine_first else statistics + learned

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [product(param.role, param.shape) for param in self.blobs(bottoms[0])]


class MVN(Layer):
    """Each channel, or each item, shifted and scaled to mean 0 and variance 1 (mvn_layer.cpp).

    At most four axes; the top always has four, the missing ones of extent 1.
    """

    type: ClassVar[str] = "MVN"

    def __init__(self, spec: Spec) -> None:
        self.across = spec.param("mvn_param").flag("across_channels")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        bottom = bottoms[0]
        check_axes(bottom, 0, 4)
        top = bottom + (1,) * (4 - len(bottom))
        check_not_empty(top[1:] if self.across else top[2:], bottom)
        return Facts((top,))

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None


class Softmax(Layer):
    """exp(x) over its sum along an axis (softmax_layer.cpp)."""

    type: ClassVar[str] = "Softmax"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("softmax_param")

    def axis(self, bottom: Shape) -> int:
        """The axis along which the top sums to 1."""
        return canonical_axis(self.param.integer("axis"), bottom, self.param)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        axis = self.axis(bottoms[0])
        check_not_empty(bottoms[0][axis : axis + 1], bottoms[0])
        return Facts(bottoms)

    def windows(self, bottoms: tuple[Shape, ...]) -> list[Window] | None:
        return [] if self.axis(bottoms[0]) < 2 else None
