"""RNN and LSTM, unrolled in helpers, and a single step of an LSTM."""

from __future__ import annotations

from caffetools.layers.base import count
from caffetools.layers.recurrent import LSTM, RNN, LSTMUnit, Recurrent
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
    values,
)
from caffetools.torch.emit.fillers import filled

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
"""Where each blob lies, by Caffe's name for it."""


def recurrent(layer: Recurrent, context: Context) -> Emission:
    """The states stay within the module, or with expose_hidden are bottoms and tops."""
    bottoms = context.bottoms
    static = count(bottoms[2][1:]) if layer.static else 0
    module = call(
        layer.type,
        count(bottoms[0][2:]),
        layer.num_output,
        bottoms[0][1],
        **differing(static_features=(static, 0)),
    )
    fixed: tuple[Expression, ...] = (Bottom(2),) if layer.static else ()
    first = 2 + layer.static
    states = [Bottom(index) for index in range(first, first + layer.exposed)]
    value = (
        call(Attribute(MemberRef(), "run"), X, Bottom(1), *states, *fixed)
        if states
        else call(MemberRef(), X, Bottom(1), *fixed)
    )
    slots = []
    for param in context.params:
        name = "bias_filler" if len(param.shape) == 1 else "weight_filler"
        fill = filled(layer.param.message(name), given=layer.param.has(name), start=0.0)
        slots.append(Slot(_ATTRIBUTES[param.role], fill))
    return Emission((value,), (Member(module),), tuple(slots), keeps_state=not states)


def lstm_unit(_layer: LSTMUnit, _context: Context) -> Emission:
    """One step; the bottoms have an axis of 1 for it."""
    return values(call("lstm_unit", X, Bottom(1), Bottom(2)))


EMITTERS: Emitters = {LSTM: recurrent, LSTMUnit: lstm_unit, RNN: recurrent}
