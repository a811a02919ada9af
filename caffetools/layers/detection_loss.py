"""Losses of detectors: SSD and YOLO."""

from __future__ import annotations

from caffetools.layers.base import Facts, Spec
from caffetools.layers.blobs import Shape, Step, exactly
from caffetools.layers.checks import check_axes, four_axes, mismatch
from caffetools.layers.detection import TRUTH, check_priors, explain_priors, read_classes
from caffetools.layers.loss import LossLayer


class RegionLoss(LossLayer):
    """YOLO's loss of boxes, objects and classes (region_loss_layer.cpp)."""

    type = "RegionLoss"
    param_name = "region_loss_param"
    origin = "intel/caffe"

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        for bottom in bottoms:  # no fork compares them
            check_axes(bottom, 1)

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        return {}  # the number of boxes is unknown


class Yolov3(RegionLoss):
    """YOLO v3's loss of a map: (N, num · (5 + num_class), H, W), true boxes (N, …) -> scalar.

    (yolov3_layer.cpp)
    """

    type = "Yolov3"
    param_name = "yolov3_param"
    origin = "eric612/MobileNet-YOLO"

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        channels = self.param.integer("num") * (5 + self.param.integer("num_class"))
        if four_axes(bottoms[0])[1] != channels:
            raise mismatch(f"{channels} channels, num * (5 + num_class)", bottoms[0])


class MultiBoxLoss(LossLayer):
    """Locations, confidences, priors, truth -> scalar (multibox_loss_layer.cpp)."""

    type = "MultiBoxLoss"
    param_name = "multibox_loss_param"
    bottoms = exactly(4)
    origin = "weiliu89/caffe"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        param = self.param
        self.classes = read_classes(param)
        if self.classes < 1:
            raise param.error("expected num_classes of at least 1, found 0", "num_classes")
        shared = param.flag("share_location")
        self.places = 1 if shared else self.classes
        mining = param.text("mining_type")
        if param.has("do_neg_mining") and param.flag("do_neg_mining") != (mining != "NONE"):
            text = f"do_neg_mining does not match the mining_type {mining}"
            raise param.error(text, "do_neg_mining")
        if mining != "NONE" and not shared:
            text = f"expected share_location with the mining_type {mining}"
            raise param.error(text, "share_location")
        background = param.integer("background_label_id")
        if param.text("conf_loss_type") == "SOFTMAX" and background >= self.classes:
            expected = f"expected background_label_id below num_classes, {self.classes}"
            raise param.error(f"{expected}, found {background}", "background_label_id")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        facts, mining = super().facts(bottoms), self.param.text("mining_type")
        nms = self.param.message("nms_param")
        suppresses = self.param.has("nms_param") and nms.number("nms_threshold") > 0
        if mining == "NONE" or not suppresses or nms.integer("top_k"):
            return facts
        effect = "the loss is 0" if mining == "HARD_EXAMPLE" else "no negatives are mined"
        return Facts(facts.tops, notes=(f"nms_param without a top_k keeps no box: {effect}",))

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        check_priors(bottoms, self.places, self.classes)
        four_axes(bottoms[3])

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        return {3: TRUTH} if bottoms[3] is None else {}

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return explain_priors(bottoms, self.places, self.classes)
