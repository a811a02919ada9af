"""The nets of a solver: the fields that give them, and the state of each (solver.cpp)."""

from __future__ import annotations

import os
from typing import NamedTuple

from caffetools.errors import CaffeToolsError
from caffetools.net.graph import State
from caffetools.proto import schema
from caffetools.proto.message import Message

_GENERIC_NETS = ("net", "net_param")
_TRAIN_NETS = (*_GENERIC_NETS, "train_net", "train_net_param")
_TEST_NETS = ("test_net_param", "test_net")
_NET_CONTENTS = ("layer", "layers", "input")
_MOST_BYTES = 1 << 31
"""The size of a message that protobuf no longer reads."""


class NetField(NamedTuple):
    """One value of a solver's field that holds a net or the path of one."""

    name: str
    number: int = 0
    """Which of the values of the field."""


def looks_like_solver(message: Message) -> bool:
    """Whether a text parsed as a net is a solver: only a solver's fields, and no layer."""
    if any(message.has(name) for name in _NET_CONTENTS):
        return False
    net, solver = schema.message("NetParameter").fields, schema.message("SolverParameter").fields
    return any(name in solver and name not in net for name in message.fields)


def train_field(solver: Message) -> NetField:
    """Return the field with the net to train (InitTrainNet).

    Raises CaffeToolsError, placed, unless there is exactly one.
    """
    given = [name for name in _TRAIN_NETS if solver.has(name)]
    if not given:
        text = f"the solver has no net to train: expected one of {', '.join(_TRAIN_NETS)}"
        raise solver.error(text, kind=CaffeToolsError)
    _check_one("train", solver, given)
    return NetField(given[0])


def first_test_field(solver: Message) -> NetField:
    """Return the field with the first test net, whatever `test_iter` says.

    Raises CaffeToolsError, placed, for a solver without one, and for two generic nets.
    """
    own, generic = _own_and_generic(solver)
    if not own and not generic:
        text = f"expected one of {', '.join((*_TEST_NETS, *_GENERIC_NETS))}"
        raise solver.error(f"the solver has no net to test: {text}", kind=CaffeToolsError)
    return (own + generic)[0]


def all_test_fields(solver: Message) -> list[NetField]:
    """Return the field of each test net (InitTestNets).

    The generic net, `net` or `net_param`, follows the test nets proper as often as `test_iter` has
    values left. Raises CaffeToolsError, placed, for a number of `test_iter` or `test_state`
    that does not match, and for a `test_interval` below 1.
    """
    own, generic = _own_and_generic(solver)
    wanted = solver.count("test_iter")
    if wanted < len(own) or (wanted > len(own) and not generic):
        text = f"expected a test_iter for each test net, {len(own)} in all, found {wanted}"
        raise solver.error(text, "test_iter", kind=CaffeToolsError)
    states = solver.count("test_state")
    if states and states != wanted:
        text = f"expected a test_state for each test net, {wanted} in all, found {states}"
        raise solver.error(text, "test_state", kind=CaffeToolsError)
    if wanted and solver.integer("test_interval") < 1:
        text = f"expected test_interval of at least 1, found {solver.integer('test_interval')}"
        raise solver.error(text, "test_interval", kind=CaffeToolsError)
    return own + generic * (wanted - len(own))


def _own_and_generic(solver: Message) -> tuple[list[NetField], list[NetField]]:
    """Return the test nets proper, and the generic one, if any."""
    own = [NetField(name, i) for name in _TEST_NETS for i in range(solver.count(name))]
    generic = [name for name in _GENERIC_NETS if solver.has(name)]
    _check_one("test", solver, generic)
    return own, [NetField(name) for name in generic]


def _check_one(purpose: str, solver: Message, names: list[str]) -> None:
    if len(names) > 1:
        text = f"expected one net to {purpose}, found {names[0]} and {names[1]}"
        raise solver.error(text, names[1], kind=CaffeToolsError)


def state_of(net: Message, solver: Message, test: int | None) -> State:
    """Return the state of a solver's net: the `test`-th test net, or for None the one to train.

    The phase and level of the solver's `train_state` or `test_state` override those of the net's
    own `state`, which override the defaults; the stages are concatenated (NetState::MergeFrom).
    """
    name = "train_state" if test is None else "test_state"
    added = solver.messages(name)[test or 0 :] or [solver.empty(name)]
    phase = "TRAIN" if test is None else "TEST"
    level = 0
    stages: list[str] = []
    for state in (net.message("state"), added[0]):
        phase = state.text("phase") if state.has("phase") else phase
        level = state.integer("level") if state.has("level") else level
        stages += state.texts("stage")
    return State(phase, tuple(stages), level)


def resolve(solver: Message, name: str, index: int = 0) -> str:
    """Return the `index`-th path in a field, relative to the working directory, as in Caffe.

    A path that does not exist there is relative to the solver's folder. Raises CaffeToolsError,
    placed at the field, if neither exists, and for what is no regular file of a net's size.
    """
    path = solver.texts(name)[index]
    in_folder = os.path.join(os.path.dirname(solver.source.name), path)
    for candidate in (path, in_folder):
        if os.path.exists(candidate):
            if not os.path.isfile(candidate) or os.path.getsize(candidate) >= _MOST_BYTES:
                text = f"expected a regular file of less than 2 GiB, found {path!a}"
                raise solver.error(text, name, index, CaffeToolsError)
            return candidate
    where = "" if in_folder == path else " in the working directory or the solver's folder"
    raise solver.error(f"no file {path!a}{where}", name, index, CaffeToolsError)
