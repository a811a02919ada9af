"""Layers that make their tops out of nothing. Data layers are inputs of the model instead."""

from __future__ import annotations

from caffetools.layers.inputs import DummyData, Parameter, pick
from caffetools.proto.message import Message
from caffetools.torch.emit.base import (
    Call,
    Context,
    Emission,
    Emitters,
    Expression,
    Fill,
    Member,
    MemberRef,
    Slot,
    call,
)
from caffetools.torch.emit.fillers import filled


def parameter(_: Parameter, context: Context) -> Emission:
    """A parameter of the module; Caffe starts it with zeros."""
    zeros = call("torch.zeros", context.params[0].shape)
    return Emission((MemberRef(),), (Member(call("nn.Parameter", zeros)),), (Slot(""),))


def dummy_data(layer: DummyData, context: Context) -> Emission:
    """Constants are made once, all else is drawn anew in each pass (dummy_data_layer.cpp)."""
    fillers = layer.param.messages("data_filler")
    members, results = [], []
    for index, shape in enumerate(context.tops):
        assert shape is not None
        suffix = "" if len(context.tops) == 1 else str(index)
        filler = pick(fillers, index) if fillers else layer.param.empty("data_filler")
        constant = filler.text("type") == "constant"
        members.append(Member(_made(filler, shape, constant=constant), suffix, buffer=True))
        results.append(MemberRef(suffix) if constant else _drawn(filler, MemberRef(suffix)))
    return Emission(tuple(results), tuple(members))


def _made(filler: Message, shape: tuple[int, ...], *, constant: bool) -> Call:
    value = filler.number("value") if constant else 0.0
    return call("torch.full", shape, value) if value else call("torch.zeros", shape)


def _drawn(filler: Message, buffer: MemberRef) -> Expression:
    fill = filled(filler, given=True)
    fill = fill or Fill("nn.init.zeros_")
    return Call(fill.function, (call("torch.empty_like", buffer),), fill.keywords)


EMITTERS: Emitters = {DummyData: dummy_data, Parameter: parameter}
