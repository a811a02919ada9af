"""Losses between two bottoms: helpers with Caffe's divisors and gradients."""

from __future__ import annotations

from caffetools.layers.loss import (
    ContrastiveLoss,
    EuclideanLoss,
    HingeLoss,
    MultinomialLogisticLoss,
    SigmoidCrossEntropyLoss,
)
from caffetools.torch.emit.base import (
    Bottom,
    Emission,
    Emitters,
    Place,
    X,
    call,
    differing,
    values,
)
from caffetools.torch.emit.classification import loss_options


def euclidean(_layer: EuclideanLoss, _place: Place) -> Emission:
    """Half the squared distance over the batch."""
    return values(call("euclidean_loss", X, Bottom(1)))


def sigmoid_cross_entropy(_: SigmoidCrossEntropyLoss, place: Place) -> Emission:
    """Over the batch unless the options say otherwise."""
    options = loss_options(place, "BATCH_SIZE")
    return values(call("sigmoid_cross_entropy_loss", X, Bottom(1), **options))


def hinge(_: HingeLoss, place: Place) -> Emission:
    """L1 or L2."""
    norm = place.param("hinge_loss_param").text("norm")
    return values(call("hinge_loss", X, Bottom(1), **differing(norm=(norm, "L1"))))


def multinomial(_layer: MultinomialLogisticLoss, _place: Place) -> Emission:
    """Of probabilities."""
    return values(call("multinomial_logistic_loss", X, Bottom(1)))


def contrastive(_: ContrastiveLoss, place: Place) -> Emission:
    """Of pairs."""
    param = place.param("contrastive_loss_param")
    options = differing(
        margin=(param.number("margin"), 1.0),
        legacy_version=(param.flag("legacy_version"), False),
    )
    return values(call("contrastive_loss", X, Bottom(1), Bottom(2), **options))


EMITTERS: Emitters = {
    ContrastiveLoss: contrastive,
    EuclideanLoss: euclidean,
    HingeLoss: hinge,
    MultinomialLogisticLoss: multinomial,
    SigmoidCrossEntropyLoss: sigmoid_cross_entropy,
}
