"""SSD's detector: boxes to start from, detections, their marks, and the loss."""

from __future__ import annotations

from caffetools.layers.detection import DetectionEvaluate, DetectionOutput, MultiBoxLoss
from caffetools.layers.prior_box import PriorBox
from caffetools.proto.message import Message
from caffetools.torch.emit.base import (
    Bottom,
    Emission,
    Emitters,
    Expression,
    Member,
    Own,
    Place,
    X,
    call,
    differing,
    values,
)
from caffetools.torch.emit.classification import loss_options


def prior_box(layer: PriorBox, place: Place) -> Emission:
    """The helper, with the sizes of a cell's boxes as the prototxt gives them."""
    param = layer.param
    sizes = call(
        "prior_sizes",
        tuple(param.numbers("min_size")),
        **differing(
            max_size=(tuple(param.numbers("max_size")), ()),
            aspect_ratio=(tuple(param.numbers("aspect_ratio")), ()),
            flip=(param.flag("flip"), True),
        ),
    )
    image_size = _pair(param, "img_size", "img_h", "img_w", int)
    if image_size is None and len(place.bottoms) == 1:
        raise place.error("expected a second bottom, the image, or an img_size, found neither")
    options = differing(
        variance=(tuple(param.numbers("variance")) or (0.1,), (0.1,)),
        image_size=(image_size, None),
        step=(_pair(param, "step", "step_h", "step_w", float), None),
        offset=(param.number("offset"), 0.5),
        clip=(param.flag("clip"), False),
    )
    return values(call("prior_box", X, Bottom(min(1, len(place.bottoms) - 1)), sizes, **options))


def _pair(
    param: Message, both: str, height: str, width: str, kind: type[int | float]
) -> Expression:
    """Height and width, None where neither way of giving them is taken."""
    if param.has(height) or param.has(width):
        return kind(param.number(height)), kind(param.number(width))
    return (kind(param.number(both)),) * 2 if param.has(both) else None


def detection_output(layer: DetectionOutput, place: Place) -> Emission:
    """A helper; the files that Caffe would write are not written."""
    param = layer.param
    if len(place.bottoms) > 3:
        raise place.error("expected three bottoms, found a fourth: boxes that are refined twice")
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
    return Emission((call(Own(), X, Bottom(1), Bottom(2)),), (module,), notes=notes)


def detection_evaluate(layer: DetectionEvaluate, place: Place) -> Emission:
    """The helper, for boxes as shares of their image."""
    param = place.param("detection_evaluate_param")
    notes: tuple[str, ...] = ()
    if param.has("name_size_file"):
        # In pixels each box counts as one longer and wider, so that overlaps differ a little.
        notes = (
            "name_size_file is not read: boxes are compared as shares of the image, not in pixels",
        )
    options = differing(
        background_label_id=(_signed(param.integer("background_label_id")), 0),
        overlap_threshold=(param.number("overlap_threshold"), 0.5),
        evaluate_difficult_gt=(param.flag("evaluate_difficult_gt"), True),
    )
    marks = call("detection_evaluate", X, Bottom(1), layer.classes, **options)
    return Emission((marks,), notes=notes)


def multibox_loss(layer: MultiBoxLoss, place: Place) -> Emission:
    """A helper, with the options of matching, mining and normalisation."""
    param = layer.param
    for name in ("num_poses", "ignore_difficult_gt"):
        if param.integer(name):
            raise param.error(f"{name} is a fork's own and has no counterpart", name)
    normalization = loss_options(place, "VALID").get("normalization", "VALID")
    if normalization == "PRE_FIXED":
        raise place.error("the normalization PRE_FIXED has no counterpart here", "loss_param")
    nms = param.message("nms_param")
    given = param.has("nms_param")
    # The two halves of the loss can each be kept from learning.
    learns = [bool(each) for each in place.message.all("propagate_down")] or [True, True]
    options = differing(
        **_matching(param),
        mining_type=(param.text("mining_type"), "MAX_NEGATIVE"),
        neg_pos_ratio=(param.number("neg_pos_ratio"), 3.0),
        neg_overlap=(param.number("neg_overlap"), 0.5),
        nms_threshold=(nms.number("nms_threshold") if given else 0.0, 0.0),
        top_k=(nms.integer("top_k") if given else -1, -1),
        sample_size=(param.integer("sample_size"), 64),
        use_prior_for_nms=(param.flag("use_prior_for_nms"), False),
        loc_loss_type=(param.text("loc_loss_type"), "SMOOTH_L1"),
        conf_loss_type=(param.text("conf_loss_type"), "SOFTMAX"),
        loc_weight=(param.number("loc_weight"), 1.0),
        normalization=(normalization, "VALID"),
        propagate_loc=(learns[0], True),
        propagate_conf=(learns[1], True),
    )
    module = Member(call("MultiBoxLoss", layer.classes, **options))
    return Emission((call(Own(), *map(Bottom, range(4))),), (module,))


def _matching(param: Message) -> dict[str, tuple[Expression, Expression]]:
    """What decides which prior is to learn which box, each with its default."""
    return {
        "share_location": (param.flag("share_location"), True),
        "match_type": (param.text("match_type"), "PER_PREDICTION"),
        "overlap_threshold": (param.number("overlap_threshold"), 0.5),
        "use_prior_for_matching": (param.flag("use_prior_for_matching"), True),
        "background_label_id": (_signed(param.integer("background_label_id")), 0),
        "use_difficult_gt": (param.flag("use_difficult_gt"), True),
        "code_type": (param.text("code_type"), "CORNER"),
        "encode_variance_in_target": (param.flag("encode_variance_in_target"), False),
        "map_object_to_agnostic": (param.flag("map_object_to_agnostic"), False),
        "ignore_cross_boundary_bbox": (param.flag("ignore_cross_boundary_bbox"), False),
        "bp_inside": (param.flag("bp_inside"), False),
    }


def _signed(value: int) -> int:
    """Caffe's int of an unsigned number: -1 for the largest."""
    return value - 2**32 if value >= 2**31 else value


EMITTERS: Emitters = {
    DetectionEvaluate: detection_evaluate,
    DetectionOutput: detection_output,
    MultiBoxLoss: multibox_loss,
    PriorBox: prior_box,
}
