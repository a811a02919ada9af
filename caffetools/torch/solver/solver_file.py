"""A solver prototxt -> its settings, and the nets that it trains and tests (solver.cpp)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from caffetools.errors import CaffeToolsError, Note
from caffetools.layers.base import Options
from caffetools.net.loading import infer_net
from caffetools.net.net import Net
from caffetools.net.reading import read_solver_message, read_solver_net
from caffetools.net.solver_nets import NetField, all_test_fields, train_field
from caffetools.proto.message import Entry, Message, Notes
from caffetools.proto.upgrade_solver import LoggedMessage, upgrade_solver
from caffetools.torch.training.settings import POLICIES, SolverSettings

_READ = {field.name for field in fields(SolverSettings)} | {
    *("net", "net_param", "train_net", "train_net_param", "test_net", "test_net_param"),
    *("test_iter", "train_state", "test_state", "weights", "solver_mode", "device_id"),
}
"""Fields of a solver that training reads."""


@dataclass(frozen=True)
class SolverFile:
    """A solver with its inferred nets."""

    message: Message
    """The upgraded message, with the additions of `caffe train`."""
    settings: SolverSettings
    train: Net
    tests: tuple[Net, ...]
    test_iterations: tuple[int, ...]
    notes: tuple[Note, ...]
    log: tuple[LoggedMessage, ...] = ()
    """What Caffe logs while it reads the file."""
    has_prefix: bool = True
    """Whether the file has a snapshot_prefix."""
    net_fields: tuple[NetField, ...] = ()
    """The fields of the nets, that of the training net first."""


def read_solver(
    path: str | os.PathLike[str],
    stages: Sequence[str] = (),
    level: int = 0,
    max_iter: int | None = None,
    net: str | os.PathLike[str] | None = None,
    options: Options | None = None,
    *,
    seed: int | None = None,
    infer: Callable[..., Net] = infer_net,
) -> SolverFile:
    """Read a solver and its nets.

    `stages` are added to those of the training net, and `level` replaces its level, as in Caffe.
    `max_iter` and `seed` replace the solver's max_iter and random_seed.
    `net` replaces the net that the solver names, but not a test_net; `options` are overrides for
    all nets; `infer` infers each, as `infer_net` does. Raises CaffeToolsError, located, for another
    file and for what Caffe rejects.
    """
    notes = Notes()
    given = read_solver_message(path, notes)
    solver, log = upgrade_solver(given)
    settings = settings_of(solver)
    for name, value in (("max_iter", max_iter), ("random_seed", seed)):
        if value is not None:
            change: dict[str, Any] = {name: value}
            settings = replace(settings, **change)
            solver.fields[name] = [(value, solver.place(name))]
    _note_ignored_fields(solver, notes)
    net_fields = (train_field(solver), *all_test_fields(solver))
    added = _with_state(solver.message("train_state"), stages, level)
    solver.fields["train_state"] = [(added, solver.place("train_state"))]

    def recomputed(field: NetField, test: int | None = None) -> Net:
        is_own = field.name.startswith("test_")
        loaded = read_solver_net(solver, field, test, None if is_own else net)
        folder = os.path.dirname(loaded.message.source.name) or "."
        shapes = replace(options or Options(), folder=folder)
        return infer(loaded.message, loaded.state, shapes, loaded.notes)

    train = recomputed(net_fields[0])
    tests = tuple(recomputed(field, index) for index, field in enumerate(net_fields[1:]))
    iterations = tuple(solver.integers("test_iter"))
    has_prefix = given.has("snapshot_prefix")
    return SolverFile(
        solver, settings, train, tests, iterations, notes.all(), log, has_prefix, net_fields
    )


def _note_ignored_fields(solver: Message, notes: Notes) -> None:
    """Note non-default fields that have no effect here."""
    known = solver.descriptor.fields if solver.descriptor else {}
    for name in sorted(solver.fields.keys() - _READ, key=solver.place):
        if name in known and solver.get(name) != known[name].default:
            origin = f", a field of {known[name].origin}," if known[name].origin else ""
            notes.add(f"{name}{origin} has no effect here", solver, name)


def _with_state(state: Message, stages: Sequence[str], level: int) -> Message:
    """Return a train_state with those of the command line; no stage there counts as one, empty."""
    added: list[Entry] = [(stage, state.offset) for stage in stages or ("",)]
    fields: dict[str, list[Entry]] = {
        **state.fields,
        "level": [(level, state.offset)],
        "stage": [*state.fields.get("stage", ()), *added],
    }
    return state.replaced(fields)


def settings_of(solver: Message) -> SolverSettings:
    """Return the settings of a solver, by Caffe's names.

    Raises CaffeToolsError, located at the field, for what Caffe rejects.
    """
    known = {field.name for field in fields(SolverSettings)} & solver.fields.keys()
    given: dict[str, Any] = {}
    for name in known:
        repeated = isinstance(getattr(SolverSettings, name), tuple)
        given[name] = tuple(solver.all(name)) if repeated else solver.get(name)
    settings = SolverSettings(**given)
    if not settings.lr_policy or not solver.has("lr_policy"):
        text = f"expected lr_policy, one of {', '.join(POLICIES)}"
        raise solver.error(text, kind=CaffeToolsError)
    try:
        settings.check()
    except CaffeToolsError as error:
        named = next((name for name in known if name in error.message.split()), None)
        raise solver.error(error.message, named, kind=CaffeToolsError) from None
    return settings
