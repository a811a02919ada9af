"""Losses of a softmax: SoftmaxWithLoss and InfogainLoss."""

from __future__ import annotations

from caffetools.formats.find import find_file
from caffetools.formats.weights import read_weights
from caffetools.layers.accuracy import Accuracy
from caffetools.layers.base import canonical_axis
from caffetools.layers.softmax_loss import InfogainLoss, SoftmaxWithLoss
from caffetools.torch.emit.base import (
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
    values,
)
from caffetools.torch.emit.loss import loss_options


def softmax_with_loss(layer: SoftmaxWithLoss, context: Context) -> Emission:
    """The helper with Caffe's cap and normalisations."""
    options = {**axis_option(layer, context), **loss_options(context, "VALID")}
    return values(call("softmax_with_loss", X, Bottom(1), **options))


def infogain(layer: InfogainLoss, context: Context) -> Emission:
    """The matrix is a bottom, or a buffer for what the file holds; a second top is the softmax."""
    options = {**axis_option(layer, context), **loss_options(context, "VALID")}
    members: tuple[Member, ...] = ()
    matrix: Expression = Bottom(2)
    if len(context.bottoms) < 3:
        members = (Member(_matrix(layer, context), buffer=True),)
        matrix = MemberRef()
    axis = canonical_axis(layer.param.integer("axis"), context.bottoms[0], layer.param)
    results = (
        call("infogain_loss", X, Bottom(1), matrix, **options),
        call("F.softmax", X, dim=axis),
    )
    return Emission(results[: layer.top_count], members)


def _matrix(layer: InfogainLoss, context: Context) -> Call:
    """The matrix in the layer's file, written out; CaffeToolsError where it is not there."""
    source = layer.param.text("source")
    path = find_file(source, context.folder)
    if path is None:
        raise context.error(f"the matrix {source!a} is not there: it is part of the model")
    (stored,) = read_weights(path).layers[0].blobs
    classes = round(stored.values.size**0.5)
    rows: list[Expression] = [list(row) for row in stored.as_float32((classes, classes)).tolist()]
    return call("torch.tensor", rows)


def axis_option(
    layer: SoftmaxWithLoss | InfogainLoss | Accuracy, context: Context
) -> dict[str, Expression]:
    """The axis of the classes."""
    axis = canonical_axis(layer.param.integer("axis"), context.bottoms[0], layer.param)
    return differing(axis=(axis, 1))


EMITTERS: Emitters = {InfogainLoss: infogain, SoftmaxWithLoss: softmax_with_loss}
