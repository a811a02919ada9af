"""Losses of forks."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import Blobs, Facts, Shape, Spec, between, canonical_axis, dims
from caffetools.layers.checks import check_axes, check_int, check_not_empty
from caffetools.layers.classification import check_labels, positions
from caffetools.layers.legacy import four_axes
from caffetools.layers.loss import EuclideanLoss, LossLayer


class L1Loss(EuclideanLoss):
    """The sum of the differences' absolute values, over N (l1_loss_layer.cpp)."""

    type: ClassVar[str] = "L1Loss"
    origin: ClassVar[str | None] = "NVIDIA/caffe"


class SmoothL1Loss(LossLayer):
    """The sum of 0.5 · d² where |d| is small, |d| - 0.5 beyond, over N (smooth_L1_loss_layer.cpp).

    A third bottom weighs the differences (Fast R-CNN, daijifeng001/caffe-rfcn), a fourth the
    losses (rbgirshick/caffe-fast-rcnn). The forks with weights have no loss_weight by themselves.
    """

    type: ClassVar[str] = "SmoothL1Loss"
    bottoms: ClassVar[Blobs] = between(2, 4)
    force_backward: ClassVar[tuple[bool, ...]] = ()
    origin: ClassVar[str | None] = "rbgirshick/caffe-fast-rcnn"

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        for bottom in bottoms[1:]:
            if four_axes(bottom)[1:] != four_axes(bottoms[0])[1:]:
                raise ShapeError(
                    "expected bottoms of the same channels, height and width, "
                    f"found {dims(bottoms[0])} and {dims(bottom)}"
                )

    def target(self, first: Shape) -> Shape:
        return first


class SmoothL1LossOHEM(SmoothL1Loss):
    """SmoothL1Loss with weights; a second top has the loss of each place, (N, 1, H, W).

    It is no loss without a loss_weight (smooth_l1_loss_ohem_layer.cpp).
    """

    type: ClassVar[str] = "SmoothL1LossOHEM"
    bottoms: ClassVar[Blobs] = between(2, 3)
    tops: ClassVar[Blobs] = between(1, 2)
    is_loss: ClassVar[bool] = False
    origin: ClassVar[str | None] = "daijifeng001/caffe-rfcn"

    def __init__(self, spec: Spec) -> None:
        self.top_count = len(spec.tops)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.check(bottoms)
        num, _, height, width = four_axes(bottoms[0])
        return Facts(((), (num, 1, height, width))[: self.top_count])


class SoftmaxWithLossOHEM(LossLayer):
    """SoftmaxWithLoss; the second top is the softmax, the third the loss of each place.

    (softmax_loss_ohem_layer.cpp)
    """

    type: ClassVar[str] = "SoftmaxWithLossOHEM"
    tops: ClassVar[Blobs] = between(1, 3)
    origin: ClassVar[str | None] = "daijifeng001/caffe-rfcn"

    def __init__(self, spec: Spec) -> None:
        self.softmax = spec.param("softmax_param")
        self.top_count = len(spec.tops)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.check(bottoms)
        return Facts(((), *bottoms)[: self.top_count])

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        axis = canonical_axis(self.softmax.integer("axis"), bottoms[0], self.softmax)
        check_not_empty(bottoms[0][axis : axis + 1], bottoms[0])
        check_labels(bottoms[0], bottoms[1], axis)

    def target(self, first: Shape) -> Shape:
        return positions(first, canonical_axis(self.softmax.integer("axis"), first, self.softmax))


class RegionLoss(LossLayer):
    """YOLO's loss of boxes, objects and classes (region_loss_layer.cpp)."""

    type: ClassVar[str] = "RegionLoss"
    origin: ClassVar[str | None] = "intel/caffe"

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        for bottom in bottoms:  # neither fork compares them
            check_axes(bottom, 1)

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        return {}  # how many boxes an item has is the data layer's to say


class CtcLoss(LossLayer):
    """Scores (T, N, alphabet_size), labels (N, L) -> a scalar (ctc_loss_layer.cpp)."""

    type: ClassVar[str] = "CtcLoss"
    origin: ClassVar[str | None] = "xmfbit/warpctc-caffe"

    def __init__(self, spec: Spec) -> None:
        param = spec.param("ctc_loss_param")
        for name in ("alphabet_size", "time_step"):
            check_int(param, name)
            if param.integer(name) == 0:
                raise param.error(f"expected {name} of at least 1, found 0", name)

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        scores, labels = bottoms
        check_axes(scores, 2)
        check_axes(labels, 1)
        if scores[1] != labels[0]:
            raise ShapeError(
                f"expected labels of {scores[1]} items, the second extent of {dims(scores)}, "
                f"found {dims(labels)}"
            )

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        return {}  # how long a sequence is is the data layer's to say
