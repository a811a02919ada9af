"""Losses of forks that two bottoms and their weights say."""

from __future__ import annotations

from caffetools.layers.fork_loss import L1Loss, SmoothL1Loss
from caffetools.torch.emit.base import (
    Attribute,
    Binary,
    Bottom,
    Emission,
    Emitters,
    Expression,
    Place,
    X,
    call,
    differing,
    method,
    values,
)


def smooth_l1(_: SmoothL1Loss, place: Place) -> Emission:
    """The helper; a third bottom weighs the differences, a fourth the losses."""
    sigma = place.param("smooth_l1_loss_param").number("sigma")
    bottoms = map(Bottom, range(len(place.bottoms)))
    return values(call("smooth_l1_loss", *bottoms, **differing(sigma=(sigma, 1.0))))


def l1(_: L1Loss, place: Place) -> Emission:
    """PyTorch's sum over the batch."""
    target: Expression = Bottom(1)
    if place.bottoms[0] != place.bottoms[1]:
        target = method(target, "reshape", Attribute(X, "shape"))
    total = call("F.l1_loss", X, target, reduction="sum")
    return values(Binary(total, "/", method(X, "size", 0)))


EMITTERS: Emitters = {L1Loss: l1, SmoothL1Loss: smooth_l1}
