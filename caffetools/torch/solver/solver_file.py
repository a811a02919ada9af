"""A solver prototxt -> its settings, and the nets that it trains and tests (solver.cpp)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.layers.base import Options
from caffetools.net.net import Net, infer_net
from caffetools.net.reading import read_message, read_solver_message
from caffetools.net.solver import net_field, resolve
from caffetools.net.state import State
from caffetools.proto.message import Entry, Message
from caffetools.proto.notes import Notes
from caffetools.proto.upgrade import upgrade
from caffetools.proto.upgrade_solver import Said, upgrade_solver
from caffetools.torch.training.settings import POLICIES, SolverSettings

_READ = {field.name for field in fields(SolverSettings)} | {
    *("net", "net_param", "train_net", "train_net_param", "test_net", "test_net_param"),
    *("test_iter", "train_state", "test_state", "weights", "solver_mode", "device_id"),
}
"""The fields that have their effect here."""


class Place(NamedTuple):
    """A field with a net, and which of its values."""

    field: str
    number: int


@dataclass(frozen=True)
class SolverFile:
    """A solver with its nets, recomputed."""

    message: Message
    """In today's form, with what `caffe train` adds to it."""
    settings: SolverSettings
    train: Net
    tests: tuple[Net, ...]
    test_iterations: tuple[int, ...]
    notes: tuple[Note, ...]
    log: tuple[Said, ...] = ()
    """What Caffe logs while it reads the file."""
    has_prefix: bool = True
    """Does the file say where snapshots go?"""
    places: tuple[Place, ...] = ()
    """Where the file has the nets, the one that is trained first."""


def read_solver(
    path: str | os.PathLike[str],
    stages: Sequence[str] = (),
    level: int = 0,
    max_iter: int | None = None,
    net: str | os.PathLike[str] | None = None,
    options: Options | None = None,
) -> SolverFile:
    """Read a solver and its nets; stages and level are for the net that is trained, as in Caffe.

    The level goes before the solver's own, the stages come after its. `net` is read in place of the
    net that the solver names to train, or for all; `options` say of its data what the files do not.
    Raises CaffeToolsError, placed, for a file that is no solver and for what Caffe refuses.
    """
    notes = Notes()
    given = read_solver_message(path, notes)
    solver, log = upgrade_solver(given)
    settings = settings_of(solver)
    if max_iter is not None:
        settings = replace(settings, max_iter=max_iter)
        solver.fields["max_iter"] = [(max_iter, solver.place("max_iter"))]
    _note_what_is_not_read(solver, notes)
    places = (Place(net_field(solver, "TRAIN"), 0), *_test_places(solver))
    added = _with_state(solver.message("train_state"), stages, level)
    solver.fields["train_state"] = [(added, solver.place("train_state"))]
    nets = _Nets(solver, notes, net, options or Options())
    train = nets.read(places[0], _State("TRAIN", added))
    states = solver.messages("test_state") or [solver.empty("test_state")] * len(places[1:])
    tests = tuple(
        nets.read(place, _State("TEST", state))
        for place, state in zip(places[1:], states, strict=True)
    )
    iterations = tuple(solver.integers("test_iter"))
    has_prefix = given.has("snapshot_prefix")
    return SolverFile(
        solver, settings, train, tests, iterations, notes.all(), log, has_prefix, places
    )


def _note_what_is_not_read(solver: Message, notes: Notes) -> None:
    """Fields without effect here that do not say what holds without them, too."""
    known = solver.descriptor.fields if solver.descriptor else {}
    for name in sorted(solver.fields.keys() - _READ, key=solver.place):
        if name in known and solver.get(name) != known[name].default:
            origin = f", a field of {known[name].origin}," if known[name].origin else ""
            notes.add(f"{name}{origin} is not read here", solver, name)


def _with_state(state: Message, stages: Sequence[str], level: int) -> Message:
    """A train_state with the command line's; no stage there counts as one without a name."""
    added: list[Entry] = [(stage, state.offset) for stage in stages or ("",)]
    fields: dict[str, list[Entry]] = {
        **state.fields,
        "level": [(level, state.offset)],
        "stage": [*state.fields.get("stage", ()), *added],
    }
    return state.replaced(fields)


def settings_of(solver: Message) -> SolverSettings:
    """What the solver is told, by Caffe's names.

    Raises CaffeToolsError, placed at the field, for what Caffe refuses.
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


@dataclass(frozen=True)
class _State:
    """The phase, and what the solver adds to a net's own state."""

    phase: str
    added: Message

    def of(self, net: Message) -> State:
        """The state: a later one's phase and level go before an earlier one's."""
        own, added = net.message("state"), self.added
        phases = [each.text("phase") for each in (own, added) if each.has("phase")]
        levels = [each.integer("level") for each in (own, added) if each.has("level")]
        stages = (*own.texts("stage"), *added.texts("stage"))
        return State((phases or [self.phase])[-1], stages, (levels or [0])[-1])


@dataclass(frozen=True)
class _Nets:
    """The nets that a solver names or holds."""

    solver: Message
    notes: Notes
    given: str | os.PathLike[str] | None
    options: Options

    def read(self, place: Place, state: _State) -> Net:
        """The net in a field, recomputed; in place of one that trains the one that is given."""
        value = self.solver.all(place.field)[place.number]
        if self.given is not None and not place.field.startswith("test_"):
            message = self.from_file(self.given, state.phase)
        elif isinstance(value, Message):
            message = value
        else:
            message = self.from_file(resolve(self.solver, *place), state.phase)
        net, more = upgrade(message)
        folder = os.path.dirname(net.source.name) or "."
        return infer_net(net, state.of(net), replace(self.options, folder=folder), more)

    def from_file(self, path: str | os.PathLike[str], phase: str) -> Message:
        """The net in a file; raises CaffeToolsError for another solver."""
        message = read_message(path, self.notes, phase)
        if message.descriptor is not None and message.descriptor.name == "SolverParameter":
            raise CaffeToolsError("this is a solver: expected a net", Location(os.fspath(path)))
        return message


def _test_places(solver: Message) -> list[Place]:
    """The nets that test: those of their own, then the generic one as often as is left."""
    own = [
        Place(name, index)
        for name in ("test_net_param", "test_net")
        for index in range(solver.count(name))
    ]
    generic = [name for name in ("net_param", "net") if solver.has(name)]
    wanted = solver.count("test_iter")
    if wanted < len(own) or (wanted > len(own) and not generic):
        raise solver.error(
            f"expected a test_iter for each test net, {len(own)} in all, found {wanted}",
            "test_iter",
            kind=CaffeToolsError,
        )
    places = own + [Place(generic[0], 0)] * (wanted - len(own)) if generic else own
    states = solver.count("test_state")
    if states and states != len(places):
        raise solver.error(
            f"expected a test_state for each test net, {len(places)} in all, found {states}",
            "test_state",
            kind=CaffeToolsError,
        )
    if places and solver.integer("test_interval") < 1:
        text = f"expected test_interval of at least 1, found {solver.integer('test_interval')}"
        raise solver.error(text, "test_interval", kind=CaffeToolsError)
    return places
