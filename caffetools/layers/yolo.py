"""What YOLO makes of its last convolution: detections, and what evaluates them."""

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
    at_least,
    count,
    dims,
)
from caffetools.layers.checks import check_axes, check_int
from caffetools.layers.detection import read_classes
from caffetools.layers.legacy import four_axes


class YoloDetectionOutput(Layer):
    """Predictions -> (1, 1, 1, 7), a row for each detection (yolo_detection_output_layer.cpp)."""

    type: ClassVar[str] = "YoloDetectionOutput"
    bottoms: ClassVar[Blobs] = at_least(1)
    origin: ClassVar[str | None] = "eric612/MobileNet-YOLO"

    def __init__(self, spec: Spec) -> None:
        read_classes(spec.param("yolo_detection_output_param"))

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        four_axes(bottoms[0])
        return Facts(
            ((1, 1, 1, 7),), notes=("the top has a row for each detection, once there are any",)
        )


class EvalDetection(Layer):
    """Predictions (N, …) -> (N, num_class + side² · num_object · 4) (eval_detection_layer.cpp).

    A row counts an item's objects by class, then marks each box as right or wrong.
    """

    type: ClassVar[str] = "EvalDetection"
    bottoms: ClassVar[Blobs] = at_least(1)
    origin: ClassVar[str | None] = "intel/caffe"

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("eval_detection_param")
        for name in ("side", "num_class", "num_object"):
            check_int(self.param, name)

    def windows(self, bottoms: tuple[Shape, ...]) -> None:
        return None

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_axes(bottoms[0], 1)
        predictions, marks = self.explain(bottoms)
        if count(bottoms[0][1:]) != predictions.value:
            raise ShapeError(
                f"expected {predictions.value} elements an item, found {dims(bottoms[0])}"
            )
        return Facts(((four_axes(bottoms[0])[0], marks.value),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        side, classes, objects = map(self.param.integer, ("side", "num_class", "num_object"))
        boxes = side * side * objects
        formula = f"{side} * {side} * {objects}"
        return [
            Step("predictions", f"{formula} * ({classes} + 4 + 1)", boxes * (classes + 5)),
            Step("marks", f"{classes} + {formula} * 4", classes + boxes * 4),
        ]
