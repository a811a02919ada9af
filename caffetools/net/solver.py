"""Solver files: what tells them from nets, and the net that one names or holds (solver.cpp)."""

from __future__ import annotations

import os

from caffetools.errors import CaffeToolsError
from caffetools.proto import schema
from caffetools.proto.message import Message

_GENERIC_NETS = ("net", "net_param")
_TRAIN_NETS = (*_GENERIC_NETS, "train_net", "train_net_param")
_TEST_NETS = ("test_net_param", "test_net", *_GENERIC_NETS)
_LAYERS = ("layer", "layers", "input")


def is_solver(message: Message) -> bool:
    """Is a text that was read as a net a solver's: a field that only solvers have, and no layer?"""
    if any(message.has(name) for name in _LAYERS):
        return False
    net, solver = schema.message("NetParameter").fields, schema.message("SolverParameter").fields
    return any(name in solver and name not in net for name in message.fields)


def net_field(solver: Message, phase: str) -> str:
    """The field with the net that the solver trains (TRAIN), or with the first it tests (TEST).

    Raises CaffeToolsError, placed, for a solver that has none, or more than one to train.
    """
    choice = _TRAIN_NETS if phase == "TRAIN" else _TEST_NETS
    given = [name for name in choice if solver.has(name)]
    job = "train" if phase == "TRAIN" else "test"
    if not given:
        text = f"the solver has no net to {job}: expected one of {', '.join(choice)}"
        raise solver.error(text, kind=CaffeToolsError)
    rivals = given if phase == "TRAIN" else [name for name in _GENERIC_NETS if solver.has(name)]
    if len(rivals) > 1:
        text = f"expected one net to {job}, found {rivals[0]} and {rivals[1]}"
        raise solver.error(text, rivals[1], kind=CaffeToolsError)
    return given[0]


def added_state(solver: Message, phase: str) -> Message:
    """What the solver adds to the state of that net."""
    name = "train_state" if phase == "TRAIN" else "test_state"
    states = solver.messages(name)
    return states[0] if states else Message(schema.message("NetState"), solver.source)


def resolve(solver: Message, name: str, index: int = 0) -> str:
    """The `index`th path in a field: from the working directory as in Caffe, or beside the solver.

    Raises CaffeToolsError, placed at the field, where neither is there.
    """
    path = solver.texts(name)[index]
    beside = os.path.join(os.path.dirname(solver.source.name), path)
    for candidate in (path, beside):
        if os.path.exists(candidate):
            return candidate
    where = "" if beside == path else ", neither here nor beside the solver"
    raise solver.error(f"there is no file {path!a}{where}", name, index, CaffeToolsError)
