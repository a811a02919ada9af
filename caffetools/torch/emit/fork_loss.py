"""Losses of forks that two bottoms and their weights say."""

from __future__ import annotations

from caffetools.layers.base import count
from caffetools.layers.fork_loss import L1Loss, SmoothL1Loss, SmoothL1LossOHEM
from caffetools.layers.legacy import four_axes
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
from caffetools.torch.emit.classification import loss_options
from caffetools.torch.emit.images import image


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


def smooth_l1_ohem(layer: SmoothL1LossOHEM, place: Place) -> Emission:
    """The loss, and what each place has of it; Caffe leaves weights out of the gradient."""
    pair = [image(place), image(place, 1)]
    if len(place.bottoms) == 3:
        weights = image(place, 2)
        pair = [call("with_gradient_of", Binary(x, "*", weights), x) for x in pair]
    losses = call("F.smooth_l1_loss", *pair, reduction="none")
    total: Expression = method(losses, "sum")
    divisor = _divisor(place)
    total = total if divisor == 1 else Binary(total, "/", divisor)
    by_place = method(method(losses, "sum", 1, keepdim=True), "detach")
    return values(*(total, by_place)[: layer.top_count])


def _divisor(place: Place) -> Expression:
    """By what the sum is divided, without regard to what is valid (smooth_L1_loss_ohem_layer.cpp).

    No less than 1.
    """
    normalization = loss_options(place, "VALID").get("normalization", "VALID")
    if normalization == "PRE_FIXED":
        return max(1.0, place.param("loss_param").number("pre_fixed_normalizer"))
    if normalization == "NONE":
        return 1
    positions = count(four_axes(place.bottoms[0])[2:])
    batch = method(X, "size", 0)
    if normalization == "BATCH_SIZE" or positions == 1:
        return batch
    return Binary(batch, "*", positions)


EMITTERS: Emitters = {
    L1Loss: l1,
    SmoothL1Loss: smooth_l1,
    SmoothL1LossOHEM: smooth_l1_ohem,
}
