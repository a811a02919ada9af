"""Regions of interest: what Fast R-CNN, Faster R-CNN and R-FCN propose, pool and annotate."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import (
    Blobs,
    Facts,
    Layer,
    Shape,
    Spec,
    Step,
    between,
    dims,
    exactly,
    product,
)
from caffetools.layers.checks import check_axes, check_int
from caffetools.layers.legacy import four_axes
from caffetools.proto.message import Message


class ROIPooling(Layer):
    """(N, C, H, W), regions (R, 5) -> (R, C, pooled_h, pooled_w) (roi_pooling_layer.cpp)."""

    type: ClassVar[str] = "ROIPooling"
    bottoms: ClassVar[Blobs] = exactly(2)
    origin: ClassVar[str | None] = "rbgirshick/caffe-fast-rcnn"

    def __init__(self, spec: Spec) -> None:
        param = spec.param("roi_pooling_param")
        self.pooled = (read_extent(param, "pooled_h"), read_extent(param, "pooled_w"))

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        image, regions = map(four_axes, bottoms)
        return Facts(((regions[0], image[1], *self.pooled),))


class PSROIPooling(Layer):
    """(N, dim · size², H, W), regions (R, 5) -> (R, dim, size, size) (psroi_pooling_layer.cpp).

    `dim` and `size` are `output_dim` and `group_size`. Each place pools channels of its own.
    """

    type: ClassVar[str] = "PSROIPooling"
    bottoms: ClassVar[Blobs] = exactly(2)
    origin: ClassVar[str | None] = "daijifeng001/caffe-rfcn"

    def __init__(self, spec: Spec) -> None:
        param = spec.param("psroi_pooling_param")
        self.output_dim = read_extent(param, "output_dim")
        self.group_size = read_extent(param, "group_size")

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        image, regions = map(four_axes, bottoms)
        channels = self.explain(bottoms)[0].value
        if image[1] != channels:
            raise ShapeError(f"expected {channels} channels, found {image[1]}")
        return Facts(((regions[0], self.output_dim, self.group_size, self.group_size),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [product("input channels", (self.output_dim, self.group_size, self.group_size))]


class Proposal(Layer):
    """Scores, boxes (N, …) and images' sizes -> (N · post_nms_topn, 5), an item and a box each.

    A second top holds the scores. There may be fewer rows once there are data
    (proposal_layer.cpp of sanghoon/caffe and luoyetx/mini-caffe).
    """

    type: ClassVar[str] = "Proposal"
    bottoms: ClassVar[Blobs] = exactly(3)
    tops: ClassVar[Blobs] = between(1, 2)
    origin: ClassVar[str | None] = "sanghoon/caffe"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("proposal_param")
        self.top_count = len(spec.tops)
        check_int(self.param, "post_nms_topn")

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_axes(bottoms[0], 1)
        rows = self.explain(bottoms)[0].value
        note = f"the tops have at most {rows} rows: as many as the data give"
        return Facts(((rows, 5), (rows,))[: self.top_count], notes=(note,))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [product("rows", (bottoms[0][0], self.param.integer("post_nms_topn")))]


class BoxAnnotatorOHEM(Layer):
    """Keeps the hardest regions: the others' labels and weights are set so that they do not count.

    Regions (R, 5, …), losses (R, 1, …), labels (R, 1, …) and weights (R, C, …), all of one height
    and width, -> labels and weights (box_annotator_ohem_layer.cpp).
    """

    type: ClassVar[str] = "BoxAnnotatorOHEM"
    bottoms: ClassVar[Blobs] = exactly(4)
    tops: ClassVar[Blobs] = exactly(2)
    origin: ClassVar[str | None] = "daijifeng001/caffe-rfcn"

    def __init__(self, spec: Spec) -> None:
        read_extent(spec.param("box_annotator_ohem_param"), "roi_per_img")

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        shapes = tuple(map(four_axes, bottoms))
        num, _, *place = shapes[0]
        for bottom, shape, channels in zip(bottoms, shapes, (5, 1, 1, shapes[3][1]), strict=True):
            expected = (num, channels, *place)
            if shape != expected:
                raise ShapeError(f"expected a bottom of {dims(expected)}, found {dims(bottom)}")
        return Facts((shapes[2], shapes[3]))


def read_extent(param: Message, name: str) -> int:
    """An option that must be at least 1."""
    check_int(param, name)
    if param.integer(name) < 1:
        raise param.error(f"expected {name} of at least 1, found {param.integer(name)}", name)
    return param.integer(name)
