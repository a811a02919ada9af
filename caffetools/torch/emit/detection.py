"""SSD's DetectionOutput and DetectionEvaluate."""

from __future__ import annotations

from collections.abc import Sequence

from caffetools.errors import CaffeToolsError
from caffetools.layers.detection import (
    DetectionEvaluate,
    DetectionOutput,
    EvalDetection,
    YoloDetectionOutput,
    Yolov3DetectionOutput,
)
from caffetools.proto.message import Message
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    X,
    call,
    differing,
    fields,
    signed,
)


def detection_output(layer: DetectionOutput, context: Context) -> Emission:
    """The helper `detection_output`, which writes no files."""
    param = layer.param
    if len(context.bottoms) > 3:
        raise context.error("expected three bottoms, found a fourth: boxes that are refined twice")
    nms = param.message("nms_param")
    options = {
        **fields(param, share_location=True, background_label_id=0, code_type="CORNER"),
        **fields(param, variance_encoded_in_target=False),
        **fields(nms, nms_threshold=0.3, eta=1.0, top_k=None),
        **fields(param, keep_top_k=None, confidence_threshold=None),
    }
    # A negative number of boxes to keep is all.
    options = {name: v for name, v in options.items() if "top_k" not in name or int(str(v)) >= 0}
    saves = param.message("save_output_param").text("output_directory")
    notes = ("the detections are not written to files",) if saves else ()
    return Emission(
        (call("detection_output", *context.inputs(), layer.classes, **options),), notes=notes
    )


def detection_evaluate(layer: DetectionEvaluate, context: Context) -> Emission:
    """The helper `detection_evaluate`, for boxes in fractions of their image."""
    param = context.param("detection_evaluate_param")
    notes: tuple[str, ...] = ()
    if param.has("name_size_file"):
        # In pixels, Caffe adds 1 to each width and height, which changes overlaps slightly.
        notes = (
            "name_size_file is not read: boxes are compared in fractions of the image, not pixels",
        )
    options = {
        **differing(background_label_id=(signed(param.integer("background_label_id")), 0)),
        **fields(param, overlap_threshold=0.5, evaluate_difficult_gt=True),
    }
    result = call("detection_evaluate", X, Bottom(1), layer.classes, **options)
    return Emission((result,), notes=notes)


def yolo_detection_output(layer: YoloDetectionOutput, context: Context) -> Expression:
    """The helper `yolo_detection_output`, which reads one or two bottoms."""
    param = layer.param
    return call(
        "yolo_detection_output",
        *context.inputs()[:2],
        num_classes=param.integer("num_classes"),
        biases=yolo_biases(param, "num_box"),
        **fields(param, confidence_threshold=0.01, nms_threshold=0.45),
    )


def yolov3_detection_output(layer: Yolov3DetectionOutput, context: Context) -> Expression:
    """The helper `yolov3_detection_output`, with the sizes of the boxes of each map in cells."""
    param = layer.param
    maps, count = len(context.bottoms), param.integer("num_box")
    step = param.count("mask") // max(1, maps)
    scales = param.integers("anchors_scale")
    if len(scales) < maps:
        text = f"expected an anchors_scale for each of {maps} bottoms, found {len(scales)}"
        raise param.error(text, "anchors_scale", kind=CaffeToolsError)
    biases = tuple(
        masked_biases(param, param.integers("mask")[step * index :][:count], scale)
        for index, scale in enumerate(scales[:maps])
    )
    return call(
        "yolov3_detection_output",
        *context.inputs(),
        num_classes=param.integer("num_classes"),
        biases=biases,
        **fields(param, confidence_threshold=0.01, nms_threshold=0.45, gaussian_box=False),
    )


def masked_biases(param: Message, mask: Sequence[int], scale: int) -> tuple[float, ...]:
    """Return the sizes of the boxes in a mask, in cells of `scale` pixels.

    Raises CaffeToolsError for a mask that exceeds them, and for a scale of 0.
    """
    biases = param.numbers("biases")
    if not mask or 2 * max(mask) + 1 >= len(biases) or not scale:
        text = f"expected a mask of the {len(biases) // 2} boxes, found {list(mask)}"
        raise param.error(text, "mask", kind=CaffeToolsError)
    return tuple(biases[2 * each + side] / scale for each in mask for side in (0, 1))


def eval_detection(layer: EvalDetection, context: Context) -> Expression:
    """The helper `eval_detection`, which reads two bottoms."""
    if len(context.bottoms) < 2:
        raise context.error("expected a second bottom, the true boxes", "bottom")
    biases, options = yolo_biases(layer.param, "num_object"), fields(layer.param, threshold=0.5)
    options |= fields(layer.param, score_type="MULTIPLY", nms=-1.0)
    classes = layer.param.integer("num_class")
    return call("eval_detection", X, Bottom(1), classes, biases, **options)


def yolo_biases(param: Message, name: str) -> tuple[float, ...]:
    """Return the sizes of the boxes of a cell; CaffeToolsError unless they are `name` pairs."""
    biases, count = tuple(param.numbers("biases")), param.integer(name)
    if len(biases) != 2 * count:
        text = f"expected {2 * count} biases, two for each of {name} boxes, found {len(biases)}"
        raise param.error(text, "biases", kind=CaffeToolsError)
    return biases


EMITTERS: Emitters = {
    DetectionEvaluate: detection_evaluate,
    DetectionOutput: detection_output,
    EvalDetection: eval_detection,
    YoloDetectionOutput: yolo_detection_output,
    Yolov3DetectionOutput: yolov3_detection_output,
}
