"""Detections of SSD, YOLO and DetectNet, and their evaluation."""

from __future__ import annotations

from caffetools.errors import ShapeError
from caffetools.layers.base import Facts, Layer, Spec
from caffetools.layers.blobs import Shape, Step, at_least, between, count, exactly
from caffetools.layers.checks import check_axes, check_positive, four_axes, mismatch, read_integer
from caffetools.proto.message import Message
from caffetools.proto.wire import single

TRUTH = (1, 1, 1, 8)
"""Shape of one object of AnnotatedData: item, label, instance, box, difficult."""

_ROWS = "the number of rows depends on the data: one per detection"
DETECTIONS = Facts(((1, 1, 1, 7),), notes=(_ROWS,))

LABEL = 8
"""Channels of the grid before the classes: foreground, box, size and norm."""


class DetectionOutput(Layer):
    """Locations, confidences and priors -> (1, 1, 1, 7) (detection_output_layer.cpp).

    A row is item, label, confidence and box; the number of rows depends on the data. Forks that
    refine boxes twice have a fourth bottom.
    """

    type = "DetectionOutput"
    param_name = "detection_output_param"
    bottoms = between(3, 4)
    origin = "weiliu89/caffe"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.classes = read_classes(self.param)
        self.places = 1 if self.param.flag("share_location") else self.classes
        nms = self.param.message("nms_param")
        threshold, eta = nms.number("nms_threshold"), nms.number("eta")
        if not threshold >= 0:
            text = f"expected an nms_threshold of at least 0, found {threshold:g}"
            raise nms.error(text, "nms_threshold")
        if not 0 < eta <= 1:
            raise nms.error(f"expected an eta over 0 and up to 1, found {eta:g}", "eta")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_priors(bottoms, self.places, self.classes)
        return DETECTIONS

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return explain_priors(bottoms, self.places, self.classes)


class DetectionEvaluate(Layer):
    """Detections (1, 1, D, 7), truth (1, 1, G, 8) -> (1, 1, classes + D, 5).

    A row of the top has the number of objects of a class, or marks a detection as true or false
    (detection_evaluate_layer.cpp).
    """

    type = "DetectionEvaluate"
    is_accuracy = True  # Caffe logs the mean average precision under the name of its top
    bottoms = exactly(2)
    origin = "weiliu89/caffe"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        param = spec.param("detection_evaluate_param")
        self.classes = read_classes(param)
        # As an int 2^32 - 1 is -1: no class is the background.
        self.background = 0 if param.integer("background_label_id") == 2**32 - 1 else 1
        check_positive(param, "overlap_threshold")

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        for bottom, width, what in zip(bottoms, (7, 8), ("detections", "truth"), strict=True):
            num, channels, _, found = four_axes(bottom)
            if (num, channels, found) != (1, 1, width):
                raise mismatch(f"1 x 1 x any x {width} of {what}", bottom)
        note = "the top has one row less for each row of a bottom that is no detection"
        return Facts(((1, 1, self.explain(bottoms)[0].value, 5),), notes=(note,))

    def expects(self, bottoms: tuple[Shape | None, ...]) -> dict[int, Shape]:
        return {1: TRUTH} if bottoms[1] is None else {}

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        detections = four_axes(bottoms[0])[2]
        formula = f"{self.classes} - {self.background} + {detections}"
        return [Step("height", formula, self.classes - self.background + detections)]


class YoloDetectionOutput(Layer):
    """Predictions -> (1, 1, 1, 7), one row per detection (yolo_detection_output_layer.cpp)."""

    type = "YoloDetectionOutput"
    param_name = "yolo_detection_output_param"
    bottoms = at_least(1)
    origin = "eric612/MobileNet-YOLO"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        read_classes(self.param)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        four_axes(bottoms[0])
        return DETECTIONS


class Yolov3DetectionOutput(YoloDetectionOutput):
    """Maps of several sizes -> (1, 1, 1, 7) (yolov3_detection_output_layer.cpp)."""

    type = "Yolov3DetectionOutput"
    param_name = "yolov3_detection_output_param"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        groups = self.param.integer("mask_group_num")
        if len(spec.bottoms) != groups:
            text = f"expected mask_group_num bottoms, {groups}, found {len(spec.bottoms)}"
            raise self.param.error(text, "mask_group_num")


class EvalDetection(Layer):
    """Predictions (N, …) -> (N, num_class + side² · num_object · 4) (eval_detection_layer.cpp).

    A row has the number of objects of each class of an item, then a mark for each box.
    """

    type = "EvalDetection"
    param_name = "eval_detection_param"
    bottoms = at_least(1)
    origin = "intel/caffe"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        names = ("side", "num_class", "num_object")
        self.counts = [read_integer(self.param, name, 0) for name in names]

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        check_axes(bottoms[0], 1)
        predictions, marks = self.explain(bottoms)
        if count(bottoms[0][1:]) != predictions.value:
            raise mismatch(f"{predictions.value} elements per item", bottoms[0])
        return Facts(((four_axes(bottoms[0])[0], marks.value),))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        side, classes, objects = self.counts
        boxes = side * side * objects
        formula = f"{side} * {side} * {objects}"
        return [
            Step("predictions", f"{formula} * ({classes} + 4 + 1)", boxes * (classes + 5)),
            Step("marks", f"{classes} + {formula} * 4", classes + boxes * 4),
        ]


class DetectNetTransformation(Layer):
    """Images (N, 3, …), boxes -> (N, 3, image_size_y, image_size_x), grid (N, 8 + classes, y, x).

    A cell of the grid covers `stride` pixels of the image (detectnet_transform_layer.cpp,
    detectnet_coverage_rectangular.cpp).
    """

    type = "DetectNetTransformation"
    no_torch = "a random augmentation of training data"
    bottoms = exactly(2)
    tops = exactly(2)
    origin = "NVIDIA/caffe"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        param = spec.param("detectnet_groundtruth_param")
        width, height = (read_integer(param, f"image_size_{axis}", 0) for axis in "xy")
        self.stride = read_integer(param, "stride")
        self.size = (height, width)
        mapped = [mapping.integer("dst") for mapping in param.messages("object_class")]
        self.classes = max(mapped, default=0) + 1

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        images, boxes = map(four_axes, bottoms)
        if images[1] != 3:
            raise mismatch("images of 3 channels", bottoms[0])
        if images[0] != boxes[0]:
            raise mismatch(f"boxes of {images[0]} images", bottoms[1])
        grid = (step.value for step in self.explain(bottoms))
        return Facts(((images[0], 3, *self.size), (images[0], *grid)))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [
            Step("grid channels", f"{LABEL} + {self.classes}", LABEL + self.classes),
            self.cells("grid height", self.size[0]),
            self.cells("grid width", self.size[1]),
        ]

    def cells(self, name: str, extent: int) -> Step:
        """Return the cells along an axis: OpenCV rounds to the nearest, ties to even."""
        cells = round(single(extent * single(1 / self.stride)))
        formula = f"{extent} / {self.stride}"
        if extent % self.stride:
            formula = f"{'floor' if cells * self.stride < extent else 'ceil'}({formula})"
        return Step(name, formula, cells)


def read_classes(param: Message) -> int:
    """Read the required `num_classes`."""
    if not param.has("num_classes"):
        raise param.error("expected num_classes, found none")
    return read_integer(param, "num_classes", 0)


def check_priors(bottoms: tuple[Shape, ...], places: int, classes: int) -> None:
    """Raise ShapeError for numbers of locations or confidences that do not match the priors."""
    locations, confidences = four_axes(bottoms[0]), four_axes(bottoms[1])
    if locations[0] != confidences[0]:
        text = "locations and confidences of the same number of items"
        raise mismatch(text, bottoms[0], bottoms[1])
    steps = explain_priors(bottoms, places, classes)
    for found, step in zip((locations, confidences), steps[1:], strict=True):
        if found[1] != step.value:
            expected = f"expected {step.value} {step.name} for {steps[0].value} priors"
            raise ShapeError(f"{expected}, found {found[1]}")


def explain_priors(bottoms: tuple[Shape, ...], places: int, classes: int) -> list[Step]:
    """Return the arithmetic of the priors, and of the locations and confidences of an item."""
    coordinates = four_axes(bottoms[2])[2]
    priors = coordinates // 4
    formula = f"{coordinates} / 4"
    return [
        Step("priors", f"floor({formula})" if coordinates % 4 else formula, priors),
        Step("locations", f"{priors} * {places} * 4", priors * places * 4),
        Step("confidences", f"{priors} * {classes}", priors * classes),
    ]
