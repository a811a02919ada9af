"""Accuracy."""

from __future__ import annotations

from caffetools.layers.accuracy import Accuracy
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    X,
    call,
    differing,
    values,
)
from caffetools.torch.emit.softmax_loss import axis_option


def accuracy(layer: Accuracy, context: Context) -> Emission:
    """The share of right labels, and a second top for each class."""
    param = layer.param
    ignored = param.integer("ignore_label") if param.has("ignore_label") else None
    options = {
        **differing(top_k=(param.integer("top_k"), 1)),
        **axis_option(layer, context),
        **differing(ignore_label=(ignored, None)),
    }
    functions = ("top_k_accuracy", "accuracy_per_class")
    return values(
        *(call(function, X, Bottom(1), **options) for function in functions[: layer.top_count])
    )


EMITTERS: Emitters = {Accuracy: accuracy}
