"""Layers that make their tops out of nothing. Data layers are inputs of the model instead."""

from __future__ import annotations

from caffetools.layers.inputs import DummyData, Parameter, pick
from caffetools.proto.message import Message
from caffetools.torch.emit.base import (
    Call,
    Emission,
    Emitters,
    Expression,
    Fill,
    Member,
    Own,
    Place,
    Slot,
    call,
)
from caffetools.torch.emit.fillers import filled


def parameter(_: Parameter, place: Place) -> Emission:
    """A parameter of the module; Caffe starts it with zeros."""
    zeros = call("torch.zeros", place.params[0].shape)
    return Emission((Own(),), (Member(call("nn.Parameter", zeros)),), (Slot(""),))


def dummy_data(layer: DummyData, place: Place) -> Emission:
    """Constants are made once, all else is drawn anew in each pass (dummy_data_layer.cpp)."""
    fillers = layer.param.messages("data_filler")
    members, results = [], []
    for index, shape in enumerate(place.tops):
        assert shape is not None
        suffix = "" if len(place.tops) == 1 else str(index)
        filler = pick(fillers, index) if fillers else layer.param.empty("data_filler")
        constant = filler.text("type") == "constant"
        members.append(Member(_made(filler, shape, constant=constant), suffix, buffer=True))
        results.append(Own(suffix) if constant else _drawn(filler, Own(suffix)))
    return Emission(tuple(results), tuple(members))


def _made(filler: Message, shape: tuple[int, ...], *, constant: bool) -> Call:
    value = filler.number("value") if constant else 0.0
    return call("torch.full", shape, value) if value else call("torch.zeros", shape)


def _drawn(filler: Message, buffer: Own) -> Expression:
    fill = filled(filler, given=True)
    fill = fill or Fill("nn.init.zeros_")
    return Call(fill.function, (call("torch.empty_like", buffer),), fill.keywords)


EMITTERS: Emitters = {DummyData: dummy_data, Parameter: parameter}
