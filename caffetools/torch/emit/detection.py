"""SSD's DetectionOutput and DetectionEvaluate."""

from __future__ import annotations

from caffetools.layers.detection import DetectionEvaluate, DetectionOutput
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    Member,
    MemberRef,
    X,
    call,
    differing,
    signed,
)


def detection_output(layer: DetectionOutput, context: Context) -> Emission:
    """A helper; the files that Caffe would write are not written."""
    param = layer.param
    if len(context.bottoms) > 3:
        raise context.error("expected three bottoms, found a fourth: boxes that are refined twice")
    nms = param.message("nms_param")
    threshold = param.number("confidence_threshold") if param.has("confidence_threshold") else None
    options = differing(
        share_location=(param.flag("share_location"), True),
        background_label_id=(param.integer("background_label_id"), 0),
        code_type=(param.text("code_type"), "CORNER"),
        variance_encoded_in_target=(param.flag("variance_encoded_in_target"), False),
        nms_threshold=(nms.number("nms_threshold"), 0.3),
        eta=(nms.number("eta"), 1.0),
        top_k=(nms.integer("top_k") if nms.has("top_k") else -1, -1),
        keep_top_k=(param.integer("keep_top_k"), -1),
        confidence_threshold=(threshold, None),
    )
    saves = param.message("save_output_param").text("output_directory")
    notes = ("the detections are not written to files",) if saves else ()
    module = Member(call("DetectionOutput", layer.classes, **options))
    return Emission((call(MemberRef(), X, Bottom(1), Bottom(2)),), (module,), notes=notes)


def detection_evaluate(layer: DetectionEvaluate, context: Context) -> Emission:
    """The helper, for boxes as shares of their image."""
    param = context.param("detection_evaluate_param")
    notes: tuple[str, ...] = ()
    if param.has("name_size_file"):
        # In pixels each box counts as one longer and wider, so that overlaps differ a little.
        notes = (
            "name_size_file is not read: boxes are compared as shares of the image, not in pixels",
        )
    options = differing(
        background_label_id=(signed(param.integer("background_label_id")), 0),
        overlap_threshold=(param.number("overlap_threshold"), 0.5),
        evaluate_difficult_gt=(param.flag("evaluate_difficult_gt"), True),
    )
    marks = call("detection_evaluate", X, Bottom(1), layer.classes, **options)
    return Emission((marks,), notes=notes)


EMITTERS: Emitters = {DetectionEvaluate: detection_evaluate, DetectionOutput: detection_output}
