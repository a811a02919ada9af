"""Losses between two bottoms: helpers with Caffe's divisors and gradients."""

from __future__ import annotations

from caffetools.layers.base import count
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
    Emitters,
    Expression,
    X,
    call,
    differing,
    image,
    method,
    values,
)


def euclidean(_layer: EuclideanLoss, _context: Context) -> Emission:
    """Half the squared distance over the batch."""
    return values(call("euclidean_loss", X, Bottom(1)))


def sigmoid_cross_entropy(_: SigmoidCrossEntropyLoss, context: Context) -> Emission:
    """Over the batch unless the options say otherwise."""
    options = loss_options(context, "BATCH_SIZE")
    return values(call("sigmoid_cross_entropy_loss", X, Bottom(1), **options))


def hinge(_: HingeLoss, context: Context) -> Emission:
    """L1 or L2."""
    norm = context.param("hinge_loss_param").text("norm")
    return values(call("hinge_loss", X, Bottom(1), **differing(norm=(norm, "L1"))))


def multinomial(_layer: MultinomialLogisticLoss, _context: Context) -> Emission:
    """Of probabilities."""
    return values(call("multinomial_logistic_loss", X, Bottom(1)))


def contrastive(_: ContrastiveLoss, context: Context) -> Emission:
    """Of pairs."""
    param = context.param("contrastive_loss_param")
    options = differing(
        margin=(param.number("margin"), 1.0),
        legacy_version=(param.flag("legacy_version"), False),
    )
    return values(call("contrastive_loss", X, Bottom(1), Bottom(2), **options))


def smooth_l1(_: SmoothL1Loss, context: Context) -> Emission:
    """The helper; a third bottom weighs the differences, a fourth the losses."""
    sigma = context.param("smooth_l1_loss_param").number("sigma")
    bottoms = map(Bottom, range(len(context.bottoms)))
    return values(call("smooth_l1_loss", *bottoms, **differing(sigma=(sigma, 1.0))))


def l1(_: L1Loss, context: Context) -> Emission:
    """PyTorch's sum over the batch."""
    target: Expression = Bottom(1)
    if context.bottoms[0] != context.bottoms[1]:
        target = method(target, "reshape", Attribute(X, "shape"))
    total = call("F.l1_loss", X, target, reduction="sum")
    return values(Binary(total, "/", method(X, "size", 0)))


def smooth_l1_ohem(layer: SmoothL1LossOHEM, context: Context) -> Emission:
    """The loss, and what each place has of it; Caffe leaves weights out of the gradient."""
    pair = [image(context), image(context, 1)]
    if len(context.bottoms) == 3:
        weights = image(context, 2)
        pair = [call("with_gradient_of", Binary(x, "*", weights), x) for x in pair]
    losses = call("F.smooth_l1_loss", *pair, reduction="none")
    total: Expression = method(losses, "sum")
    divisor = _divisor(context)
    total = total if divisor == 1 else Binary(total, "/", divisor)
    by_place = method(method(losses, "sum", 1, keepdim=True), "detach")
    return values(*(total, by_place)[: layer.top_count])


def _divisor(context: Context) -> Expression:
    """By what the sum is divided, without regard to what is valid (smooth_L1_loss_ohem_layer.cpp).

    No less than 1.
    """
    normalization = loss_options(context, "VALID").get("normalization", "VALID")
    if normalization == "PRE_FIXED":
        return max(1.0, context.param("loss_param").number("pre_fixed_normalizer"))
    if normalization == "NONE":
        return 1
    positions = count(four_axes(context.bottoms[0])[2:])
    batch = method(X, "size", 0)
    if normalization == "BATCH_SIZE" or positions == 1:
        return batch
    return Binary(batch, "*", positions)


def loss_options(context: Context, default: str) -> dict[str, Expression]:
    """What loss_param says (loss_layer.cpp); the old `normalize` counts where it alone is given."""
    param = context.param("loss_param")
    ignored = param.integer("ignore_label") if param.has("ignore_label") else None
    normalization = default
    if param.has("normalization"):
        normalization = param.text("normalization")
    elif param.has("normalize"):
        normalization = "VALID" if param.flag("normalize") else "BATCH_SIZE"
    return differing(ignore_label=(ignored, None), normalization=(normalization, default))


EMITTERS: Emitters = {
    ContrastiveLoss: contrastive,
    EuclideanLoss: euclidean,
    HingeLoss: hinge,
    L1Loss: l1,
    MultinomialLogisticLoss: multinomial,
    SigmoidCrossEntropyLoss: sigmoid_cross_entropy,
    SmoothL1Loss: smooth_l1,
    SmoothL1LossOHEM: smooth_l1_ohem,
}
