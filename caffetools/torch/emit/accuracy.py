"""Accuracies."""

from __future__ import annotations

from dataclasses import replace

from caffetools.layers.accuracy import Accuracy, AccuracyRegression, EltwiseAccuracy, SegAccuracy
from caffetools.layers.blobs import canonical_axis
from caffetools.layers.checks import four_axes
from caffetools.torch.emit.base import (
    Binary,
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    X,
    call,
    differing,
    fields,
    method,
    module,
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


def seg_accuracy(layer: SegAccuracy, context: Context) -> Emission:
    """The helper `SegAccuracy`; that with the precision of classes never resets its counts."""
    resets = layer.param.flag("reset") and not layer.saves
    options = differing(
        ignore_label=(tuple(layer.param.integers("ignore_label")), ()),
        precision=(layer.saves, False),
        reset=(resets, True),
    )
    notes = ("the confusion matrix is not written to a file",) if layer.saves else ()
    constructor = call("SegAccuracy", four_axes(context.bottoms[0])[1], **options)
    emission = module(constructor, inputs=(context.image(), Bottom(1)))
    return replace(emission, keeps_state=not resets, notes=notes)


def eltwise_accuracy(layer: EltwiseAccuracy, context: Context) -> Expression:
    """The helper `eltwise_accuracy`."""
    options = fields(layer.param, top_k=1, ignore_label=None)
    return call("eltwise_accuracy", context.image(), Bottom(1), **options)


def accuracy_regression(_: AccuracyRegression, context: Context) -> Expression:
    """The sum of absolute differences, over 2 · N."""
    first, second = context.image(), context.image(1)
    total = method(call("F.l1_loss", first, second, reduction="sum"), "reshape", 1, 1, 1, 1)
    return Binary(total, "/", Binary(2, "*", method(X, "size", 0)))


EMITTERS: Emitters = {
    Accuracy: accuracy,
    AccuracyRegression: accuracy_regression,
    EltwiseAccuracy: eltwise_accuracy,
    SegAccuracy: seg_accuracy,
}
