"""Losses of two bottoms, as helpers with Caffe's normalization and gradients."""

from __future__ import annotations

from caffetools.layers.base import Layer
from caffetools.layers.blobs import count, dims
from caffetools.layers.checks import four_axes
from caffetools.layers.loss import (
    ContrastiveLoss,
    EuclideanLoss,
    HingeLoss,
    L1Loss,
    MultinomialLogisticLoss,
    SigmoidCrossEntropyLoss,
    SmoothL1Loss,
    SmoothL1LossOHEM,
)
from caffetools.torch.emit.base import (
    Attribute,
    Binary,
    Bottom,
    Context,
    Emission,
    Emitter,
    Emitters,
    Expression,
    X,
    call,
    differing,
    fields,
    function,
    method,
)


def sigmoid_cross_entropy(_: SigmoidCrossEntropyLoss, context: Context) -> Expression:
    """The helper `sigmoid_cross_entropy_loss`."""
    options = loss_options(context, "BATCH_SIZE")
    return call("sigmoid_cross_entropy_loss", X, Bottom(1), **options)


def l1(_: L1Loss, context: Context) -> Expression:
    """`F.l1_loss`, summed and divided by the batch size."""
    target: Expression = Bottom(1)
    if context.bottoms[0] != context.bottoms[1]:
        target = method(target, "reshape", Attribute(X, "shape"))
    total = call("F.l1_loss", X, target, reduction="sum")
    return Binary(total, "/", method(X, "size", 0))


def smooth_l1_ohem(layer: SmoothL1LossOHEM, context: Context) -> Emission:
    """`F.smooth_l1_loss`, and its sum over the channels for a second top.

    Caffe multiplies by the weights, but leaves them out of the gradient.
    """
    pair = [context.image(), context.image(1)]
    if len(context.bottoms) == 3:
        weights = context.image(2)
        pair = [call("with_gradient_of", Binary(x, "*", weights), x) for x in pair]
    losses = call("F.smooth_l1_loss", *pair, reduction="none")
    total: Expression = method(losses, "sum")
    divisor = _divisor(context)
    total = total if divisor == 1 else Binary(total, "/", divisor)
    by_position = method(method(losses, "sum", 1, keepdim=True), "detach")
    return Emission((total, by_position)[: layer.top_count])


def at_most_four_axes(emit: Emitter) -> Emitter:
    """Return the emitter for bottoms of up to four axes: Caffe aborts on more once it runs."""

    def checked(layer: Layer, context: Context) -> Emission | Expression:
        shape = context.bottoms[0]
        if len(shape) > 4:
            raise context.error(f"expected a bottom of at most 4 axes, found {dims(shape)}")
        return emit(layer, context)

    return checked


def _divisor(context: Context) -> Expression:
    """Return the divisor of the sum; VALID is like FULL (smooth_L1_loss_ohem_layer.cpp)."""
    normalization = loss_options(context, "VALID").get("normalization", "VALID")
    if normalization == "PRE_FIXED":
        return pre_fixed_normalizer(context)
    if normalization == "NONE":
        return 1
    positions = count(four_axes(context.bottoms[0])[2:])
    batch = method(X, "size", 0)
    if normalization == "BATCH_SIZE" or positions == 1:
        return batch
    return Binary(batch, "*", positions)


def pre_fixed_normalizer(context: Context) -> float:
    """Return the divisor of the normalization PRE_FIXED, at least 1."""
    return max(1.0, context.param("loss_param").number("pre_fixed_normalizer"))


def loss_options(context: Context, default: str) -> dict[str, Expression]:
    """Return the options in loss_param; `normalization` overrides `normalize` (loss_layer.cpp)."""
    param = context.param("loss_param")
    normalization = default
    if param.has("normalization"):
        normalization = param.text("normalization")
    elif param.has("normalize"):
        normalization = "VALID" if param.flag("normalize") else "BATCH_SIZE"
    options = fields(param, ignore_label=None)
    return {**options, **differing(normalization=(normalization, default))}


EMITTERS: Emitters = {
    ContrastiveLoss: function(
        "contrastive_loss", "contrastive_loss_param", margin=1.0, legacy_version=False
    ),
    EuclideanLoss: at_most_four_axes(function("euclidean_loss")),
    HingeLoss: at_most_four_axes(function("hinge_loss", "hinge_loss_param", norm="L1")),
    L1Loss: l1,
    MultinomialLogisticLoss: at_most_four_axes(function("multinomial_logistic_loss")),
    SigmoidCrossEntropyLoss: sigmoid_cross_entropy,
    SmoothL1Loss: function("smooth_l1_loss", "smooth_l1_loss_param", sigma=1.0),
    SmoothL1LossOHEM: smooth_l1_ohem,
}
