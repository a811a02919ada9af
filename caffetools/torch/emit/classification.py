"""Scores of classes held against labels: two losses, and Accuracy."""

from __future__ import annotations

from caffetools.layers.base import canonical_axis
from caffetools.layers.classification import Accuracy, SoftmaxWithLoss
from caffetools.torch.emit.base import (
    Bottom,
    Emission,
    Emitters,
    Expression,
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


def axis_option(layer: SoftmaxWithLoss | Accuracy, place: Place) -> dict[str, Expression]:
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


EMITTERS: Emitters = {Accuracy: accuracy, SoftmaxWithLoss: softmax_with_loss}
