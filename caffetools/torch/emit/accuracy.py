"""Accuracy."""

from __future__ import annotations

from caffetools.layers.accuracy import Accuracy
from caffetools.layers.blobs import canonical_axis
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    X,
    call,
    differing,
    fields,
)


def accuracy(layer: Accuracy, context: Context) -> Emission:
    """`top_k_accuracy`, and `accuracy_per_class` for a second top."""
    axis = canonical_axis(layer.param.integer("axis"), context.bottoms[0], layer.param)
    options = {
        **fields(layer.param, top_k=1),
        **differing(axis=(axis, 1)),
        **fields(layer.param, ignore_label=None),
    }
    functions = ("top_k_accuracy", "accuracy_per_class")[: layer.top_count]
    return Emission(tuple(call(function, X, Bottom(1), **options) for function in functions))


EMITTERS: Emitters = {Accuracy: accuracy}
