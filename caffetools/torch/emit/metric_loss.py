"""CenterLoss and TripletLoss."""

from __future__ import annotations

from caffetools.layers.metric_loss import CenterLoss, TripletLoss
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
)
from caffetools.torch.emit.fillers import slot


def center_loss(layer: CenterLoss, context: Context) -> Emission:
    """The helper `CenterLoss`."""
    kind = differing(distance_type=(layer.distance, "L2"))
    constructor = call("CenterLoss", *context.params[0].shape, **kind)
    centers = slot("center", layer.param, "center_filler", start=0.0)
    return module(constructor, centers, inputs=context.inputs())


def triplet_loss(layer: TripletLoss, _: Context) -> Expression:
    """The helper `triplet_loss`."""
    return call("triplet_loss", X, Bottom(1), Bottom(2), **fields(layer.param, margin=1.0))


EMITTERS: Emitters = {CenterLoss: center_loss, TripletLoss: triplet_loss}
