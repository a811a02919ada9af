"""Parameter and DummyData. Data layers are inputs of the model and have no emitter."""

from __future__ import annotations

from caffetools.layers.inputs import DummyData, Parameter, pick
from caffetools.torch.emit.base import (
    Call,
    Context,
    Emission,
    Emitters,
    Fill,
    Member,
    MemberRef,
    Slot,
    call,
)
from caffetools.torch.emit.fillers import fill


def parameter(_: Parameter, context: Context) -> Emission:
    """`nn.Parameter`, which Caffe initializes with zeros."""
    zeros = call("torch.zeros", context.params[0].shape)
    return Emission((MemberRef(),), (Member(call("nn.Parameter", zeros)),), (Slot(""),))


def dummy_data(layer: DummyData, context: Context) -> Emission:
    """Buffers; tops that are not constant are drawn in each pass (dummy_data_layer.cpp)."""
    fillers = layer.param.messages("data_filler")
    members, results = [], []
    for index, shape in enumerate(context.tops):
        assert shape is not None
        suffix = "" if len(context.tops) == 1 else str(index)
        filler = pick(fillers, index) if fillers else layer.param.empty("data_filler")
        constant = filler.text("type") == "constant"
        value = filler.number("value") if constant else 0.0
        made = call("torch.full", shape, value) if value else call("torch.zeros", shape)
        members.append(Member(made, suffix, buffer=True))
        drawn = fill(filler) or Fill("nn.init.zeros_")
        empty = call("torch.empty_like", MemberRef(suffix))
        fresh = Call(drawn.function, (empty,), drawn.keywords)
        results.append(MemberRef(suffix) if constant else fresh)
    return Emission(tuple(results), tuple(members))


EMITTERS: Emitters = {DummyData: dummy_data, Parameter: parameter}
