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
    Subscript,
    X,
    call,
    differing,
    fields,
    function,
)


def ctc_loss(layer: CtcLoss, context: Context) -> Expression:
    """The helper `ctc_loss`; the alphabet is that of the scores."""
    classes, found = layer.param.integer("alphabet_size"), count(context.bottoms[0][2:])
    if found != classes:
        raise context.error(f"expected scores of {classes} classes (alphabet_size), found {found}")
    steps = layer.param.integer("time_step")
    return call("ctc_loss", X, Bottom(1), steps, **fields(layer.param, blank_label=0))


def greedy_decoder(layer: CTCGreedyDecoder, _: Context) -> Emission:
    """The helper `ctc_greedy_decoder`, and `sequence_similarity` for a second top."""
    merge = layer.param.flag("ctc_merge_repeated")
    options = fields(layer.param, blank_index=0) | differing(merge_repeated=(merge, True))
    path = call("ctc_greedy_decoder", X, Bottom(1), **options)
    score = Subscript(path, (0,))
    if layer.top_count == 1:
        return Emission((score,))
    return Emission((score, call("sequence_similarity", Subscript(path, (1,)), Bottom(2))))


EMITTERS: Emitters = {
    CTCGreedyDecoder: greedy_decoder,
    CtcLoss: ctc_loss,
    LabelsequenceAccuracy: function(
        "label_sequence_accuracy", "labelsequence_accuracy_param", blank_label=0
    ),
}
