"""Scores of classes held against labels: two losses, and Accuracy."""

from __future__ import annotations

from caffetools.formats.find import find_file
from caffetools.formats.weights import read_weights
from caffetools.layers.base import canonical_axis
from caffetools.layers.classification import Accuracy, InfogainLoss, SoftmaxWithLoss
from caffetools.torch.emit.base import (
    Bottom,
    Call,
    Emission,
    Emitters,
    Expression,
    Member,
    Own,
    Place,
    X,
    call,
    differing,
    values,
)


def softmax_with_loss(layer: SoftmaxWithLoss, place: Place) -> Emission:
    """The helper with Caffe's cap and normalisations."""
    options = {**axis_option(layer, place), **loss_options(place, "VALID")}
    return values(call("softmax_with_loss", X, Bottom(1), **options))


def accuracy(layer: Accuracy, place: Place) -> Emission:
    """The share of right labels, and a second top for each class."""
    param = layer.param
    ignored = param.integer("ignore_label") if param.has("ignore_label") else None
    options = {
        **differing(top_k=(param.integer("top_k"), 1)),
        **axis_option(layer, place),
        **differing(ignore_label=(ignored, None)),
    }
    functions = ("top_k_accuracy", "accuracy_per_class")
    return values(
        *(call(function, X, Bottom(1), **options) for function in functions[: layer.top_count])
    )


def infogain(layer: InfogainLoss, place: Place) -> Emission:
    """The matrix is a bottom, or a buffer for what the file holds; a second top is the softmax."""
    options = {**axis_option(layer, place), **loss_options(place, "VALID")}
    members: tuple[Member, ...] = ()
    matrix: Expression = Bottom(2)
    if len(place.bottoms) < 3:
        members = (Member(_matrix(layer, place), buffer=True),)
        matrix = Own()
    axis = canonical_axis(layer.param.integer("axis"), place.bottoms[0], layer.param)
    results = (
        call("infogain_loss", X, Bottom(1), matrix, **options),
        call("F.softmax", X, dim=axis),
    )
    return Emission(results[: layer.top_count], members)


def _matrix(layer: InfogainLoss, place: Place) -> Call:
    """The matrix in the layer's file, written out; CaffeToolsError where it is not there."""
    source = layer.param.text("source")
    path = find_file(source, place.folder)
    if path is None:
        raise place.error(f"the matrix {source!a} is not there: it is part of the model")
    (stored,) = read_weights(path).layers[0].blobs
    classes = round(stored.values.size**0.5)
    rows: list[Expression] = [list(row) for row in stored.as_float32((classes, classes)).tolist()]
    return call("torch.tensor", rows)


def axis_option(
    layer: SoftmaxWithLoss | InfogainLoss | Accuracy, place: Place
) -> dict[str, Expression]:
    """The axis of the classes."""
    axis = canonical_axis(layer.param.integer("axis"), place.bottoms[0], layer.param)
    return differing(axis=(axis, 1))


def loss_options(place: Place, default: str) -> dict[str, Expression]:
    """What loss_param says (loss_layer.cpp); the old `normalize` counts where it alone is given."""
    param = place.param("loss_param")
    ignored = param.integer("ignore_label") if param.has("ignore_label") else None
    normalization = default
    if param.has("normalization"):
        normalization = param.text("normalization")
    elif param.has("normalize"):
        normalization = "VALID" if param.flag("normalize") else "BATCH_SIZE"
    return differing(ignore_label=(ignored, None), normalization=(normalization, default))


EMITTERS: Emitters = {
    Accuracy: accuracy,
    InfogainLoss: infogain,
    SoftmaxWithLoss: softmax_with_loss,
}
