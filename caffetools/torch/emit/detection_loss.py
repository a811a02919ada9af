"""SSD's MultiBoxLoss."""

from __future__ import annotations

from caffetools.layers.detection_loss import MultiBoxLoss
from caffetools.proto.message import Message
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    Member,
    MemberRef,
    call,
    differing,
    signed,
)
from caffetools.torch.emit.loss import loss_options


def multibox_loss(layer: MultiBoxLoss, context: Context) -> Emission:
    """A helper, with the options of matching, mining and normalisation."""
    param = layer.param
    for name in ("num_poses", "ignore_difficult_gt"):
        if param.integer(name):
            raise param.error(f"{name} is a fork's own and has no counterpart", name)
    normalization = loss_options(context, "VALID").get("normalization", "VALID")
    if normalization == "PRE_FIXED":
        raise context.error("the normalization PRE_FIXED has no counterpart here", "loss_param")
    nms = param.message("nms_param")
    given = param.has("nms_param")
    # The two halves of the loss can each be kept from learning.
    learns = [bool(each) for each in context.message.all("propagate_down")] or [True, True]
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
    return Emission((call(MemberRef(), *map(Bottom, range(4))),), (module,))


def _matching(param: Message) -> dict[str, tuple[Expression, Expression]]:
    """What decides which prior is to learn which box, each with its default."""
    return {
        "share_location": (param.flag("share_location"), True),
        "match_type": (param.text("match_type"), "PER_PREDICTION"),
        "overlap_threshold": (param.number("overlap_threshold"), 0.5),
        "use_prior_for_matching": (param.flag("use_prior_for_matching"), True),
        "background_label_id": (signed(param.integer("background_label_id")), 0),
        "use_difficult_gt": (param.flag("use_difficult_gt"), True),
        "code_type": (param.text("code_type"), "CORNER"),
        "encode_variance_in_target": (param.flag("encode_variance_in_target"), False),
        "map_object_to_agnostic": (param.flag("map_object_to_agnostic"), False),
        "ignore_cross_boundary_bbox": (param.flag("ignore_cross_boundary_bbox"), False),
        "bp_inside": (param.flag("bp_inside"), False),
    }


EMITTERS: Emitters = {MultiBoxLoss: multibox_loss}
