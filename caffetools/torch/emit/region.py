"""Pooling over regions of interest."""

from __future__ import annotations

from caffetools.errors import CaffeToolsError
from caffetools.layers.anchors import Anchors
from caffetools.layers.region import BoxAnnotatorOHEM, Proposal, PSROIPooling, ROIPooling
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    Member,
    MemberRef,
    Subscript,
    X,
    call,
    differing,
    fields,
    method,
)


def roi_pooling(layer: ROIPooling, context: Context) -> Expression:
    """The helper `roi_pool`."""
    scale = context.param("roi_pooling_param").number("spatial_scale")
    return call("roi_pool", X, Bottom(1), *layer.pooled, **differing(scale=(scale, 1.0)))


def psroi_pooling(layer: PSROIPooling, context: Context) -> Expression:
    """The helper `psroi_pool`."""
    scale = context.param("psroi_pooling_param").number("spatial_scale")
    return call("psroi_pool", X, Bottom(1), layer.output_dim, layer.group_size, scale)


def proposal(layer: Proposal, _: Context) -> Emission:
    """The helper `Proposal`."""
    param = layer.param
    options = differing(
        min_size=(param.integer("min_size"), 16),
        pre_nms_top_n=(param.integer("pre_nms_topn"), 6000),
        post_nms_top_n=(param.integer("post_nms_topn"), 300),
        nms_threshold=(param.number("nms_thresh"), 0.7),
    )
    return proposals(layer.anchors(), param.integer("feat_stride"), layer.top_count, options)


def proposals(
    boxes: Anchors, stride: int, tops: int, options: dict[str, Expression], *, column: bool = False
) -> Emission:
    """Return the helper `Proposal` of three bottoms, its scores as a column if asked for."""
    if not boxes:
        raise CaffeToolsError("expected at least one scale and one ratio of anchors")
    member = Member(call("Proposal", [*boxes], stride, **options))
    found = call(MemberRef(), X, Bottom(1), Bottom(2))
    if tops == 1:
        return Emission((Subscript(found, (0,)),), (member,))
    if not column:
        return Emission((found,), (member,))
    scores = method(Subscript(found, (1,)), "unsqueeze", 1)
    return Emission((Subscript(found, (0,)), scores), (member,))


def box_annotator_ohem(layer: BoxAnnotatorOHEM, context: Context) -> Emission:
    """The helper `box_annotator_ohem`."""
    images = (context.image(index) for index in range(4))
    count, options = layer.param.integer("roi_per_img"), fields(layer.param, ignore_label=-1)
    return Emission((call("box_annotator_ohem", *images, count, **options),))


EMITTERS: Emitters = {
    BoxAnnotatorOHEM: box_annotator_ohem,
    Proposal: proposal,
    PSROIPooling: psroi_pooling,
    ROIPooling: roi_pooling,
}
