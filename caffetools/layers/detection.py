"""What detectors of the SSD fork make of their boxes: detections, their marks, and a loss."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import ShapeError
from caffetools.layers.base import Blobs, Facts, Layer, Shape, Spec, Step, between, dims, exactly
from caffetools.layers.checks import check_int
from caffetools.layers.legacy import four_axes
from caffetools.layers.loss import LossLayer
from caffetools.proto.message import Message

TRUTH = (1, 1, 1, 8)
"""One object as AnnotatedData gives it: item, label, instance, box, and whether it is difficult."""


class DetectionOutput(Layer):
    """Locations, confidences and priors -> (1, 1, 1, 7) (detection_output_layer.cpp).

    A row is item, label, confidence and a box. How many rows there are the data will say. A fourth
    bottom is for forks that refine boxes twice.
    """

    type: ClassVar[str] = "DetectionOutput"
    bottoms: ClassVar[Blobs] = between(3, 4)
    origin: ClassVar[str | None] = "weiliu89/caffe"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("detection_output_param")
        self.classes = read_classes(self.param)
        self.places = 1 if self.param.flag("share_location") else self.classes
        nms = self.param.message("nms_param")
        threshold, eta = nms.number("nms_threshold"), nms.number("eta")
        if not threshold >= 0:
            raise nms.error(
                f"expected an nms_threshold of at least 0, found {threshold:g}", "nms_threshold"
            )
        if not 0 < eta <= 1:
            raise nms.error(f"expected an eta over 0 and up to 1, found {eta:g}", "eta")

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_priors(bottoms, self.places, self.classes)
        return Facts(
            ((1, 1, 1, 7),), notes=("the top has a row for each detection, once there are any",)
        )

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return explain_priors(bottoms, self.places, self.classes)


class DetectionEvaluate(Layer):
    """Detections (1, 1, D, 7), truth (1, 1, G, 8) -> (1, 1, classes + D, 5).

    A row of the top marks a class's number of objects, or a detection as right or wrong
    (detection_evaluate_layer.cpp).
    """

    type: ClassVar[str] = "DetectionEvaluate"
    bottoms: ClassVar[Blobs] = exactly(2)
    origin: ClassVar[str | None] = "weiliu89/caffe"

    def __init__(self, spec: Spec) -> None:
        param = spec.param("detection_evaluate_param")
        self.classes = read_classes(param)
        # Caffe's int: 2^32 - 1 is -1, which says that no class is the background.
        self.background = 0 if param.integer("background_label_id") == 2**32 - 1 else 1
        threshold = param.number("overlap_threshold")
        if not threshold > 0:
            raise param.error(
                f"expected an overlap_threshold over 0, found {threshold:g}", "overlap_threshold"
            )

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        for bottom, width, what in zip(bottoms, (7, 8), ("detections", "truth"), strict=True):
            num, channels, _, found = four_axes(bottom)
            if (num, channels, found) != (1, 1, width):
                raise ShapeError(f"expected 1 x 1 x any x {width} of {what}, found {dims(bottom)}")
        return Facts(
            ((1, 1, self.explain(bottoms)[0].value, 5),),
            notes=("the top has a row less for each row of a bottom that is no detection",),
        )

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        return {1: TRUTH} if bottoms[1] is None else {}

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        detections = four_axes(bottoms[0])[2]
        formula = f"{self.classes} - {self.background} + {detections}"
        return [Step("height", formula, self.classes - self.background + detections)]


class MultiBoxLoss(LossLayer):
    """Locations, confidences, priors, truth -> a scalar (multibox_loss_layer.cpp)."""

    type: ClassVar[str] = "MultiBoxLoss"
    bottoms: ClassVar[Blobs] = exactly(4)
    origin: ClassVar[str | None] = "weiliu89/caffe"

    def __init__(self, spec: Spec) -> None:
        self.param = param = spec.param("multibox_loss_param")
        self.classes = read_classes(param)
        if self.classes < 1:
            raise param.error("expected num_classes of at least 1, found 0", "num_classes")
        shared = param.flag("share_location")
        self.places = 1 if shared else self.classes
        mining = param.text("mining_type")
        if param.has("do_neg_mining") and param.flag("do_neg_mining") != (mining != "NONE"):
            raise param.error(
                f"do_neg_mining and the mining_type {mining} contradict each other", "do_neg_mining"
            )
        if mining != "NONE" and not shared:
            raise param.error(
                f"expected share_location with the mining_type {mining}", "share_location"
            )
        background = param.integer("background_label_id")
        if param.text("conf_loss_type") == "SOFTMAX" and background >= self.classes:
            raise param.error(
                f"expected background_label_id below num_classes, {self.classes}, "
                f"found {background}",
                "background_label_id",
            )

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        super().check(bottoms)
        check_priors(bottoms, self.places, self.classes)
        four_axes(bottoms[3])

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        return {3: TRUTH} if bottoms[3] is None else {}

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return explain_priors(bottoms, self.places, self.classes)


def read_classes(param: Message) -> int:
    """`num_classes`, which must be given."""
    if not param.has("num_classes"):
        raise param.error("expected num_classes, found none")
    check_int(param, "num_classes")
    return param.integer("num_classes")


def check_priors(bottoms: tuple[Shape, ...], places: int, classes: int) -> None:
    """Raise ShapeError unless there are as many locations and confidences as priors ask for."""
    locations, confidences = four_axes(bottoms[0]), four_axes(bottoms[1])
    if locations[0] != confidences[0]:
        raise ShapeError(
            "expected locations and confidences of as many items, "
            f"found {dims(bottoms[0])} and {dims(bottoms[1])}"
        )
    steps = explain_priors(bottoms, places, classes)
    for found, step in zip((locations, confidences), steps[1:], strict=True):
        if found[1] != step.value:
            raise ShapeError(
                f"expected {step.value} {step.name} for {steps[0].value} priors, found {found[1]}"
            )


def explain_priors(bottoms: tuple[Shape, ...], places: int, classes: int) -> list[Step]:
    """How many priors there are, and what each item must have for them."""
    coordinates = four_axes(bottoms[2])[2]
    priors = coordinates // 4
    formula = f"{coordinates} / 4"
    return [
        Step("priors", f"floor({formula})" if coordinates % 4 else formula, priors),
        Step("locations", f"{priors} * {places} * 4", priors * places * 4),
        Step("confidences", f"{priors} * {classes}", priors * classes),
    ]
