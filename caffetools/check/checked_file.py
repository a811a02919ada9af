"""Compare the nets of a log with those of a file: a net, a solver or another log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from caffetools.check.compare import Comparison, compare_file
from caffetools.errors import CaffeToolsError
from caffetools.log.collector import LogContents
from caffetools.log.logged_net import LoggedNet
from caffetools.net.reading import LoadedNet, is_solver, read_message, read_net, read_solver_net
from caffetools.net.solver_nets import all_test_fields, train_field
from caffetools.proto.message import Message, Notes


def check_file(log: LogContents, path: str) -> list[tuple[LoggedNet, Comparison]]:
    """Compare each net of a log with that of the file in its phase.

    A net that the file does not have is not compared; a note says why. Raises CaffeToolsError if
    the log has no net, or none can be compared.
    """
    nets = [net for net in log.nets if net.layers]
    if not nets:
        raise CaffeToolsError(f"{log.name!a} contains no net to compare with")
    found: list[tuple[LoggedNet, Comparison]] = []
    errors: list[CaffeToolsError] = []
    for net, loaded in zip(nets, _nets_of_file(nets, path), strict=True):
        try:
            if isinstance(loaded, CaffeToolsError):
                raise loaded
            comparison = compare_file(net, loaded, log.name, log.caffe)
        except CaffeToolsError as error:
            errors.append(error)
            comparison = Comparison(notes=(f"not compared: {error}",))
        found.append((net, comparison))
    if len(errors) == len(nets):
        raise errors[0]
    return found


def _nets_of_file(nets: list[LoggedNet], path: str) -> Iterator[LoadedNet | CaffeToolsError]:
    """Yield the net of the file that each logged net is compared with, or why there is none."""
    sources = list(dict.fromkeys(net.source for net in nets))
    # Another log has a net for each phase, or for one alone.
    phases = dict.fromkeys(net.phase or "TRAIN" for net in nets)
    message = _first_message(path, list(phases))
    tests = 0
    own = None
    if len(sources) > 1 and not is_solver(message):
        own = max(sources, key=lambda source: _likeness(source, nets, message, path))
    for net in nets:
        tests = tests + 1 if net.phase == "TEST" else 0
        if own and net.source != own:
            yield CaffeToolsError(f"the log has this net from {net.source!a}, not from {own!a}")
            continue
        try:
            if is_solver(message):
                yield _net_of_solver(message, tests - 1 if tests else None)
            else:
                yield read_net(path, net.phase or "TRAIN")
        except CaffeToolsError as error:
            yield error


def _first_message(path: str, phases: list[str]) -> Message:
    for phase in phases[:-1]:
        with suppress(CaffeToolsError):
            return read_message(path, Notes(), phase)
    return read_message(path, Notes(), phases[-1])


def _net_of_solver(solver: Message, test: int | None) -> LoadedNet:
    if test is None:
        return read_solver_net(solver, train_field(solver))
    fields = all_test_fields(solver)
    if test >= len(fields):
        raise CaffeToolsError(f"the solver has {len(fields)} test nets")
    return read_solver_net(solver, fields[test], test)


def _likeness(
    source: str | None, nets: list[LoggedNet], message: Message, path: str
) -> tuple[bool, int]:
    """How well a source of logged nets fits a file: by its name, then by the layers' names."""
    layers = (*message.messages("layer"), *message.messages("layers"))
    names = {layer.text("name") for layer in layers}
    logged = [{layer.name for layer in net.layers} for net in nets if net.source == source]
    is_named = os.path.basename(source or "") == os.path.basename(path)
    return is_named, max(len(names & found) for found in logged)
