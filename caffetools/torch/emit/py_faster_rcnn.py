"""The Python layers of Faster R-CNN and R-FCN.

What the projects' configuration says is not in the prototxt: its published values are assumed.
"""

from __future__ import annotations

from dataclasses import replace

from caffetools.layers.python.py_faster_rcnn import (
    AnchorTargetLayer,
    ProposalLayer,
    ProposalTargetLayer,
)
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    X,
    call,
    differing,
    module,
)
from caffetools.torch.emit.region import proposals

ASSUMED = "the configuration is not in the prototxt; that of {} is assumed"


def proposal_layer(layer: ProposalLayer, _: Context) -> Emission:
    """The helper `Proposal`, with the numbers of regions of the phase."""
    train = layer.spec.phase == "TRAIN"
    options = differing(
        pre_nms_top_n=(12000 if train else 6000, 6000),
        post_nms_top_n=(2000 if train else 300, 300),
        drop_small=(True, False),
    )
    tops, stride = len(layer.spec.tops), layer.integer("feat_stride")
    found = proposals(layer.anchors(), stride, tops, options, column=True)
    return replace(found, notes=(ASSUMED.format("py-faster-rcnn"),))


def anchor_target(layer: AnchorTargetLayer, context: Context) -> Emission:
    """The helper `AnchorTarget`."""
    if len(context.bottoms) < 3:
        raise context.error(f"expected 3 bottoms or more, found {len(context.bottoms)}", "bottom")
    border = layer.integer("allowed_border") if "allowed_border" in layer.options else 0
    options = differing(allowed_border=(border, 0))
    stride = layer.integer("feat_stride")
    constructor = call("AnchorTarget", [*layer.anchors()], stride, **options)
    found = module(constructor, inputs=(X, Bottom(1), Bottom(2)))
    return replace(found, notes=(ASSUMED.format("py-faster-rcnn"),))


def proposal_target(layer: ProposalTargetLayer, _: Context) -> Emission:
    """The helper `ProposalTarget`."""
    whose = "R-FCN with mined examples" if layer.agnostic else "py-faster-rcnn, trained end to end,"
    options = differing(
        batch_size=(None if layer.agnostic else 128, 128), agnostic=(layer.agnostic, False)
    )
    constructor = call("ProposalTarget", layer.integer("num_classes"), **options)
    return replace(module(constructor, inputs=(X, Bottom(1))), notes=(ASSUMED.format(whose),))


EMITTERS: Emitters = {
    AnchorTargetLayer: anchor_target,
    ProposalLayer: proposal_layer,
    ProposalTargetLayer: proposal_target,
}
