"""CTC: its loss, its decoder and the accuracy of label sequences."""

from __future__ import annotations

from caffetools.layers.blobs import count
from caffetools.layers.sequence import CTCGreedyDecoder, CtcLoss, LabelsequenceAccuracy
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    Span,
    Subscript,
    X,
    call,
    differing,
    fields,
    function,
    method,
)


def ctc_loss(layer: CtcLoss, context: Context) -> Expression:
    """The helper `ctc_loss`; the alphabet is that of the scores."""
    classes, found = layer.param.integer("alphabet_size"), count(context.bottoms[0][2:])
    if found != classes:
        raise context.error(f"expected scores of {classes} classes (alphabet_size), found {found}")
    steps = layer.param.integer("time_step")
    return call("ctc_loss", X, Bottom(1), steps, **fields(layer.param, blank_label=0))


def greedy_decoder(layer: CTCGreedyDecoder, context: Context) -> Emission:
    """The helper `ctc_greedy_decoder`, and one that compares its labels with the true ones."""
    merge, blank = layer.param.flag("ctc_merge_repeated"), fields(layer.param, blank_index=0)
    options = blank | differing(merge_repeated=(merge, True))
    count, compares = len(context.bottoms), layer.compares(context.bottoms)
    start = (Bottom(1),) if count > 1 and not compares else ()
    path = call("ctc_greedy_decoder", X, *start, **options)
    score, labels = Subscript(path, (0,)), Subscript(path, (1,))
    if compares:
        return Emission((call("sequence_accuracy", labels, Bottom(1), **blank),))
    rows = Subscript(method(labels, "to", X), (Span(), Span(), None, None))
    tops: list[Expression] = [rows, score]
    if count == 3:
        tops.append(call("sequence_similarity", labels, method(Bottom(2), "flatten", 1)))
    if count == 3 and layer.top_count == 2:
        del tops[1]
    return Emission(tuple(tops[: layer.top_count]))


EMITTERS: Emitters = {
    CTCGreedyDecoder: greedy_decoder,
    CtcLoss: ctc_loss,
    LabelsequenceAccuracy: function(
        "label_sequence_accuracy", "labelsequence_accuracy_param", blank_label=0
    ),
}
