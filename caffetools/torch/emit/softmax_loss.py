"""Losses of a softmax: SoftmaxWithLoss, that with OHEM, and InfogainLoss."""

from __future__ import annotations

from caffetools.formats.files import find_file
from caffetools.formats.weights import read_weights
from caffetools.layers.blobs import canonical_axis
from caffetools.layers.softmax_loss import (
    InfogainLoss,
    SoftmaxLoss,
    SoftmaxWithLoss,
    SoftmaxWithLossOHEM,
)
from caffetools.torch.emit.base import (
    Binary,
    Bottom,
    Call,
    Context,
    Emission,
    Emitters,
    Expression,
    Member,
    MemberRef,
    X,
    call,
    differing,
    method,
)
from caffetools.torch.emit.loss import loss_options, pre_fixed_normalizer


def softmax_with_loss(layer: SoftmaxWithLoss, context: Context) -> Expression:
    """The helper `softmax_with_loss`."""
    options = differing(axis=(_axis(layer, context), 1))
    return call("softmax_with_loss", X, Bottom(1), **options, **loss_options(context, "VALID"))


def softmax_with_loss_ohem(layer: SoftmaxWithLossOHEM, context: Context) -> Emission:
    """The helper `softmax_with_loss`, the softmax, and the helper `softmax_losses`.

    Only the first top passes a gradient.
    """
    axis = _axis(layer, context)
    options = loss_options(context, "VALID")
    fixed = options.get("normalization") == "PRE_FIXED"
    if fixed:
        options["normalization"] = "NONE"
    place = differing(axis=(axis, 1))
    loss: Expression = call("softmax_with_loss", X, Bottom(1), **place, **options)
    if fixed:
        loss = Binary(loss, "/", pre_fixed_normalizer(context))
    softmax = method(call("F.softmax", X, dim=axis), "detach")
    ignored = {name: value for name, value in options.items() if name == "ignore_label"}
    losses = method(call("softmax_losses", X, Bottom(1), **place, **ignored), "detach")
    return Emission((loss, softmax, losses)[: layer.top_count])


def infogain(layer: InfogainLoss, context: Context) -> Emission:
    """The helper `infogain_loss`, and the softmax for a second top.

    The matrix is the third bottom, or else a buffer with the contents of the layer's file.
    """
    axis = _axis(layer, context)
    options = {**differing(axis=(axis, 1)), **loss_options(context, "VALID")}
    members: tuple[Member, ...] = ()
    matrix: Expression = Bottom(2)
    if len(context.bottoms) < 3:
        members = (Member(_matrix(layer, context), buffer=True),)
        matrix = MemberRef()
    results = (
        call("infogain_loss", X, Bottom(1), matrix, **options),
        call("F.softmax", X, dim=axis),
    )
    return Emission(results[: layer.top_count], members)


def _matrix(layer: InfogainLoss, context: Context) -> Call:
    """Return the matrix in the layer's file as a literal; raises CaffeToolsError without file."""
    source = layer.param.text("source")
    path = find_file(source, context.folder)
    if path is None:
        raise context.error(f"the matrix {source!a} is not there: it is part of the model")
    (stored,) = read_weights(path, "binaryproto").layers[0].blobs
    classes = round(stored.values.size**0.5)
    rows: list[Expression] = [list(row) for row in stored.as_float32((classes, classes)).tolist()]
    return call("torch.tensor", rows)


def _axis(layer: SoftmaxLoss, context: Context) -> int:
    return canonical_axis(layer.param.integer("axis"), context.bottoms[0], layer.param)


EMITTERS: Emitters = {
    InfogainLoss: infogain,
    SoftmaxWithLoss: softmax_with_loss,
    SoftmaxWithLossOHEM: softmax_with_loss_ohem,
}
