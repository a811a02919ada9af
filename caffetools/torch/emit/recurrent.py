"""RNN, LSTM and LSTMUnit; mean field iterations."""

from __future__ import annotations

from dataclasses import replace

from caffetools.layers.blobs import count
from caffetools.layers.recurrent import (
    LSTM,
    RNN,
    ContinuationIndicator,
    LSTMUnit,
    MultiStageMeanfield,
    Recurrent,
)
from caffetools.proto.wire import single
from caffetools.torch.emit.base import (
    Attribute,
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    Member,
    MemberRef,
    Slot,
    X,
    call,
    differing,
    fields,
    function,
    module,
)
from caffetools.torch.emit.fillers import slot

_ATTRIBUTES = {
    "W_xc": "weight_input",
    "b_c": "bias",
    "W_xc_static": "weight_static",
    "W_hc": "weight_hidden",
    "W_xh": "weight_input",
    "b_h": "bias",
    "W_xh_static": "weight_static",
    "W_hh": "weight_hidden",
    "W_ho": "weight_output",
    "b_o": "bias_output",
}
"""The attribute of each blob, by Caffe's name for the blob."""


def recurrent(layer: Recurrent, context: Context) -> Emission:
    """The helpers `LSTM` and `RNN`.

    The member keeps the states; with expose_hidden they are bottoms and tops of its method `run`.
    """
    first, *_ = bottoms = context.bottoms
    static = count(bottoms[2][1:]) if layer.static else 0
    stale, notes = _stale(layer, context)
    options = differing(static_features=(static, 0), stale=(stale, ()))
    constructor = call(layer.type, count(first[2:]), layer.num_output, first[1], **options)
    constant: tuple[Expression, ...] = (Bottom(2),) if layer.static else ()
    states = context.inputs()[2 + layer.static : 2 + layer.static + layer.exposed]
    function = Attribute(MemberRef(), "run") if states else MemberRef()
    slots = (
        slot(
            _ATTRIBUTES[param.role],
            layer.param,
            "bias_filler" if len(param.shape) == 1 else "weight_filler",
            start=0.0,
        )
        for param in context.params
    )
    return Emission(
        (call(function, X, Bottom(1), *states, *constant),),
        (Member(constructor),),
        tuple(slots),
        keeps_state=not states,
        notes=notes,
    )


def _stale(layer: Recurrent, context: Context) -> tuple[tuple[Expression, ...], tuple[str, ...]]:
    """Return the elements that steps after the first read in training in place of shared blobs."""
    stale: list[Expression] = []
    for param in context.params:
        if param.owner is None or param.role not in layer.each_step or context.bottoms[0][0] < 2:
            continue
        name = "bias_filler" if len(param.shape) == 1 else "weight_filler"
        filler = layer.param.message(name)
        if filler.text("type") != "constant":
            text = (
                f"in training, Caffe's steps after the first do not share {param.role} but keep "
                f"what the {name} drew; the exported module shares it in every step"
            )
            return (), (text,)
        stale.append((_ATTRIBUTES[param.role], single(filler.number("value"))))
    return tuple(stale), ()


def continuation_indicator(_: ContinuationIndicator, context: Context) -> Emission:
    """A buffer of 1, 0 in the first row."""
    (shape,) = context.tops
    assert shape is not None
    return Emission((MemberRef(),), (Member(call("continuation_indicator", *shape), buffer=True),))


def mean_field(layer: MultiStageMeanfield, context: Context) -> Emission:
    """The helper `MultiStageMeanfield`."""
    options = fields(layer.param, theta_alpha=10.0, theta_beta=10.0, theta_gamma=10.0)
    classes = context.params[0].shape[-1]
    helper = call("MultiStageMeanfield", classes, layer.iterations, **options)
    slots = map(Slot, ("spatial", "bilateral", "compatibility"))
    note = "spatial.par and bilateral.par are not read: without weights both matrices are 0"
    emission = module(helper, *slots, inputs=tuple(map(context.image, range(3))))
    return replace(emission, notes=(note,))


EMITTERS: Emitters = {
    ContinuationIndicator: continuation_indicator,
    LSTM: recurrent,
    LSTMUnit: function("lstm_unit"),
    MultiStageMeanfield: mean_field,
    RNN: recurrent,
}
