"""Upgrade a solver as Caffe does before it trains, and the log of that (upgrade_proto.cpp)."""

from __future__ import annotations

import os
from typing import NamedTuple

from caffetools.errors import CaffeToolsError
from caffetools.proto.message import Message

_TYPES = {
    name.upper(): name for name in ("SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam")
}
"""Current name of each value of the former `solver_type`."""


class LoggedMessage(NamedTuple):
    """A message of Caffe's log, and the source line that prints it."""

    place: str
    text: str
    is_warning: bool = False


class Upgraded(NamedTuple):
    """An upgraded solver, and what Caffe logs of the upgrade."""

    message: Message
    log: tuple[LoggedMessage, ...]


def upgrade_solver(solver: Message) -> Upgraded:
    """Return the solver with its `type` as a string and a prefix for its snapshots.

    Raises CaffeToolsError, placed, where the type is given in both forms.
    """
    typed = _with_type(solver)
    prefixed = _with_prefix(typed.message)
    return Upgraded(prefixed.message, typed.log + prefixed.log)


def _with_type(solver: Message) -> Upgraded:
    if not solver.has("solver_type"):
        return Upgraded(solver, ())
    if solver.has("type"):
        text = "expected type or the former solver_type, found both"
        raise solver.error(text, "solver_type", kind=CaffeToolsError)
    made = _with(solver, "type", _TYPES[solver.text("solver_type")], solver.place("solver_type"))
    del made.fields["solver_type"]
    old = "specified using deprecated 'solver_type' field (enum)"
    future = "future Caffe releases will only support 'type' field (string) for a solver's type."
    log = (
        LoggedMessage(
            "upgrade_proto.cpp:1084",
            f"Attempting to upgrade input file {old}': {solver.source.name}",
        ),
        LoggedMessage(
            "upgrade_proto.cpp:1091", f"Successfully upgraded file {old} to 'type' field (string)."
        ),
        LoggedMessage("upgrade_proto.cpp:1093", f"Note that {future}", is_warning=True),
    )
    return Upgraded(made, log)


def _with_prefix(solver: Message) -> Upgraded:
    """By default the solver's path without extension; in a given folder, the solver's name."""
    stem = os.path.splitext(solver.source.name)[0]
    given = solver.text("snapshot_prefix")
    if not solver.has("snapshot_prefix"):
        prefix = stem
        said = LoggedMessage(
            "upgrade_proto.cpp:1108", f"snapshot_prefix was not specified and is set to {prefix}"
        )
    elif os.path.isdir(given):
        prefix = os.path.join(given, os.path.basename(stem))
        said = LoggedMessage(
            "upgrade_proto.cpp:1113", f"snapshot_prefix was a directory and is replaced to {prefix}"
        )
    else:
        return Upgraded(solver, ())
    place = solver.place("snapshot_prefix")
    return Upgraded(_with(solver, "snapshot_prefix", prefix, place), (said,))


def _with(solver: Message, name: str, value: str, place: int) -> Message:
    return solver.replaced({**solver.fields, name: [(value, place)]})
