"""Regions of interest: proposals, pooling and annotation in Fast R-CNN, Faster R-CNN, R-FCN."""

from __future__ import annotations

from caffetools.errors import ShapeError
from caffetools.layers.anchors import Anchors, anchors, round_half_up
from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, Step, between, dims, exactly, product
from caffetools.layers.checks import check_axes, check_int, four_axes, mismatch, read_integer


class ROIPooling(Layer):
    """(N, C, H, W), regions (R, 5) -> (R, C, pooled_h, pooled_w) (roi_pooling_layer.cpp)."""

    type = "ROIPooling"
    param_name = "roi_pooling_param"
    bottoms = exactly(2)
    origin = "rbgirshick/caffe-fast-rcnn"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.pooled = (read_integer(self.param, "pooled_h"), read_integer(self.param, "pooled_w"))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        image, regions = map(four_axes, bottoms)
        return Facts(((regions[0], image[1], *self.pooled),))


class ROIWarping(ROIPooling):
    """ROIPooling's shapes, with interpolated values (roi_warping_layer.cpp)."""

    type = "ROIWarping"
    param_name = "roi_warping_param"
    origin = "daijifeng001/caffe-mnc"
    no_torch = "code for GPUs only in its fork"


class PSROIPooling(Layer):
    """(N, dim · size², H, W), regions (R, 5) -> (R, dim, size, size) (psroi_pooling_layer.cpp).

    `dim` and `size` are `output_dim` and `group_size`. Each bin pools its own channels.
    """

    type = "PSROIPooling"
    bottoms = exactly(2)
    origin = "daijifeng001/caffe-rfcn"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        param = spec.param("psroi_pooling_param")
        self.output_dim = read_integer(param, "output_dim")
        self.group_size = read_integer(param, "group_size")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        image, regions = map(four_axes, bottoms)
        channels = self.explain(bottoms)[0].value
        if image[1] != channels:
            raise ShapeError(f"expected {channels} channels, found {image[1]}")
        return Facts(((regions[0], self.output_dim, self.group_size, self.group_size),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [product("input channels", (self.output_dim, self.group_size, self.group_size))]


class Proposal(Layer):
    """Scores, boxes (N, …) and images' sizes -> (N · post_nms_topn, 5), rows of item and box.

    A second top has the scores. The data may yield fewer rows
    (proposal_layer.cpp of sanghoon/caffe and luoyetx/mini-caffe).
    """

    type = "Proposal"
    param_name = "proposal_param"
    bottoms = exactly(3)
    tops = between(1, 2)
    origin = "sanghoon/caffe"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        check_int(self.param, "post_nms_topn")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_axes(bottoms[0], 1)
        rows = self.explain(bottoms)[0].value
        note = f"the number of rows depends on the data, at most {rows}"
        return Facts(((rows, 5), (rows,))[: self.top_count], notes=(note,))

    def anchors(self) -> Anchors:
        """Return the anchors, in rows of a box."""
        ratios, scales = (self.param.numbers(name) for name in ("ratio", "scale"))
        return anchors(self.param.integer("base_size"), ratios, scales, round_half_up)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [product("rows", (bottoms[0][0], self.param.integer("post_nms_topn")))]


class BoxAnnotatorOHEM(Layer):
    """Keeps the hardest regions; labels and weights of the others are set to be ignored.

    Regions (R, 5, …), losses (R, 1, …), labels (R, 1, …) and weights (R, C, …), all of one height
    and width, -> labels and weights (box_annotator_ohem_layer.cpp).
    """

    type = "BoxAnnotatorOHEM"
    param_name = "box_annotator_ohem_param"
    bottoms = exactly(4)
    tops = exactly(2)
    origin = "daijifeng001/caffe-rfcn"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        read_integer(self.param, "roi_per_img")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        shapes = tuple(map(four_axes, bottoms))
        num, _, *size = shapes[0]
        for bottom, shape, channels in zip(bottoms, shapes, (5, 1, 1, shapes[3][1]), strict=True):
            expected = (num, channels, *size)
            if shape != expected:
                raise mismatch(f"a bottom of {dims(expected)}", bottom)
        return Facts((shapes[2], shapes[3]))
