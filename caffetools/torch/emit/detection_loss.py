"""Losses of detectors: SSD and YOLO."""

from __future__ import annotations

from dataclasses import replace

from caffetools.errors import CaffeToolsError
from caffetools.layers.detection_loss import MultiBoxLoss, RegionLoss, Yolov3
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
    module,
    signed,
)
from caffetools.torch.emit.detection import masked_biases, yolo_biases
from caffetools.torch.emit.loss import loss_options


def multibox_loss(layer: MultiBoxLoss, context: Context) -> Emission:
    """The helper `MultiBoxLoss`."""
    param = layer.param
    for name in ("num_poses", "ignore_difficult_gt"):
        if param.integer(name):
            raise param.error(f"{name} is a fork's own and has no counterpart", name)
    normalization = loss_options(context, "VALID").get("normalization", "VALID")
    if normalization == "PRE_FIXED":
        raise context.error("the normalization PRE_FIXED has no counterpart here", "loss_param")
    nms = {}
    if param.has("nms_param"):
        nms = fields(param.message("nms_param"), nms_threshold=0.0, top_k=-1)
    # Without propagate_down, either half is missing from the loss, too.
    learns = [bool(each) for each in context.message.all("propagate_down")] or [True, True]
    options = {
        **fields(param, share_location=True, match_type="PER_PREDICTION", overlap_threshold=0.5),
        **fields(param, use_prior_for_matching=True),
        **differing(background_label_id=(signed(param.integer("background_label_id")), 0)),
        **fields(param, use_difficult_gt=True, code_type="CORNER", encode_variance_in_target=False),
        **fields(param, map_object_to_agnostic=False, ignore_cross_boundary_bbox=False),
        **fields(param, bp_inside=False, mining_type="MAX_NEGATIVE", neg_pos_ratio=3.0),
        **fields(param, neg_overlap=0.5),
        **nms,
        **fields(param, sample_size=64, use_prior_for_nms=False, loc_loss_type="SMOOTH_L1"),
        **fields(param, conf_loss_type="SOFTMAX", loc_weight=1.0),
        **differing(
            normalization=(normalization, "VALID"),
            propagate_loc=(learns[0], True),
            propagate_conf=(learns[1], True),
        ),
    }
    loss = module(call("MultiBoxLoss", layer.classes, **options), inputs=context.inputs())
    return replace(loss, stops_gradients=True)


def region_loss(layer: RegionLoss, context: Context) -> Expression:
    """The helper `region_loss`."""
    param = layer.param
    for name in ("softmax_tree", "class_map"):
        if param.text(name):
            raise param.error(f"{name} has no counterpart here", name, kind=CaffeToolsError)
    options = differing(bias_match=(bool(param.integer("bias_match")), True)) | fields(
        param, object_scale=1.0, noobject_scale=0.5, class_scale=1.0, coord_scale=5.0, thresh=0.2
    )
    classes, biases = param.integer("num_class"), yolo_biases(param, "num")
    return call("region_loss", context.image(), Bottom(1), classes, biases, **options)


def yolov3(layer: Yolov3, _: Context) -> Expression:
    """The helper `yolov3_loss`, with the sizes of all boxes in cells."""
    param = layer.param
    if param.text("iou_loss") != "MSE":
        text = f"iou_loss {param.text('iou_loss')} has no counterpart here, only MSE"
        raise param.error(text, "iou_loss", kind=CaffeToolsError)
    boxes, mask = range(param.count("biases") // 2), param.integers("mask")[: param.integer("num")]
    masked_biases(param, mask, 1)
    options = fields(
        param, object_scale=1.0, class_scale=1.0, coord_scale=5.0, thresh=0.2, iou_thresh=0.5
    ) | fields(param, use_logic_gradient=False, use_focal_loss=False, label_smooth_eps=0.1)
    sizes = masked_biases(param, boxes, param.integer("anchors_scale"))
    return call("yolov3_loss", X, Bottom(1), sizes, tuple(mask), **options)


EMITTERS: Emitters = {MultiBoxLoss: multibox_loss, RegionLoss: region_loss, Yolov3: yolov3}
