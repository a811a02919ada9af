"""A solver with its nets -> a project that can be trained at once, its modules made in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from torch import nn

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import NetTemplate
from caffetools.formats.weights import read_layers
from caffetools.net.caffe_log import caffe_log
from caffetools.net.net import Net
from caffetools.net.reading import without_weights
from caffetools.proto import schema
from caffetools.proto.message import Entry, Message
from caffetools.proto.printer import debug_string
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.code import model_code
from caffetools.torch.solver.data_layers import check_sources, labels_of, origins_of, sources_of
from caffetools.torch.solver.learning import has_unused, multipliers_of, shown_outputs
from caffetools.torch.solver.net_template import net_template
from caffetools.torch.solver.solver_file import SolverFile
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.model import load
from caffetools.torch.training.project import NetWithData, Project

Layers = Mapping[str, Sequence[Blob | None]]


def project_of(solver: SolverFile, weights: Sequence[str], log: GlogWriter) -> Project:
    """The project; `weights` are files that the net starts from, one after the other.

    Logs what Caffe does while it sets a solver up. Raises CaffeToolsError, placed, for a net that
    PyTorch cannot have and for weights that do not fit.
    """
    for net in (solver.train, *solver.tests):
        check_sources(net)
    log.say("solver.cpp:45", "Initializing solver from parameters: \n" + _echo(solver, weights))
    log.say(_LINES[solver.places[0].name], f"Creating training net {_training_origin(solver)}")
    log_net(solver.train, log)
    for path in weights:
        log.say("solver.cpp:72", f"Finetuning from {path}")
    tests = []
    for index, (net, count) in enumerate(zip(solver.tests, solver.test_iterations, strict=True)):
        text = f"Creating test net (#{index}) specified by {_origin(solver, index + 1)}"
        log.say("solver.cpp:190", text)
        log_net(net, log)
        for path in weights:
            log.say("solver.cpp:72", f"Finetuning from {path}")
        tests.append(_with_data(net, builder(net), count))
    log.say("solver.cpp:57", "Solver scaffolding done.")
    loaded = [(path, read_layers(path)) for path in weights]
    return Project(
        solver.train.name,
        solver.settings,
        _with_data(solver.train, builder(solver.train, loaded, log)),
        tuple(tests),
        multipliers_of(solver.train),
        NetTemplate.parse(net_template(solver.train)),
        has_unused(solver.train),
        os.path.dirname(_source(solver.train)) or ".",
    )


_LINES = {
    "train_net_param": "solver.cpp:88",
    "train_net": "solver.cpp:92",
    "net_param": "solver.cpp:97",
    "net": "solver.cpp:102",
}
"""The lines that say where the net comes from that is trained."""


def _origin(solver: SolverFile, number: int) -> str:
    """Where a net comes from: the field with it, or with its file as the solver names it."""
    field, index = solver.places[number]
    value = solver.message.all(field)[index]
    return field if isinstance(value, Message) else f"{field} file: {value!s}"


def _training_origin(solver: SolverFile) -> str:
    origin = _origin(solver, 0)
    return f"from {origin}" if " file: " in origin else f"specified in {origin}."


def _with_data(net: Net, build: Callable[[], nn.Module], iterations: int = 0) -> NetWithData:
    shown = shown_outputs(net)
    return NetWithData(build, sources_of(net), labels_of(net), iterations, origins_of(net), shown)


def builder(
    net: Net, weights: Sequence[tuple[str, Layers]] = (), log: GlogWriter | None = None
) -> Callable[[], nn.Module]:
    """What makes the net's module and loads weights into it."""
    code = compile(model_code(assemble(net)), f"<model of {_source(net)}>", "exec")

    def build() -> nn.Module:
        namespace: dict[str, object] = {"__name__": "caffetools_model"}
        exec(code, namespace)  # noqa: S102  # the exporter's own text
        module = namespace["build"](None)  # type: ignore[operator]
        assert isinstance(module, nn.Module)
        for path, layers in weights:
            for name in _loaded(module, path, layers):
                if log is not None:
                    log.say("net.cpp:746", f"Ignoring source layer {name}")
        return module

    return build


def _loaded(module: nn.Module, path: str, layers: Layers) -> list[str]:
    """Load the weights of a file; returns the layers that the module does not have."""
    try:
        return list(load(module, layers))
    except CaffeToolsError as error:
        raise error.at(Location(path)) from None


def _echo(solver: SolverFile, weights: Sequence[str]) -> str:
    """The solver as Caffe echoes it, with the weights that are read in place of those it names."""
    fields = {name: entries for name, entries in solver.message.fields.items() if name != "weights"}
    if weights:
        fields["weights"] = [(",".join(weights), solver.message.offset)]
    return debug_string(solver.message.replaced(fields)).removesuffix("\n")


def filtered(net: Net) -> Message:
    """The net as Caffe echoes it: its state, and the layers that it keeps in it."""
    whole = without_weights(net.inferred.graph.message)
    state = Message(schema.message("NetState"), whole.source)
    state.fields = {
        "phase": [(net.state.phase, 0)],
        "level": [(net.state.level, 0)] if net.state.level or net.state.phase == "TRAIN" else [],
        "stage": [(stage, 0) for stage in net.state.stages],
    }
    layers: list[Entry] = [(layer.node.message, 0) for layer in net.layers]
    own: dict[str, list[Entry]] = {"state": [(state, 0)], "layer": layers}
    return whole.replaced({**whole.fields, **own})


def log_net(net: Net, log: GlogWriter) -> None:
    """What Caffe logs while it sets a net up."""
    echo = debug_string(filtered(net)).removesuffix("\n")
    log.say("net.cpp:53", "Initializing net from parameters: \n" + echo)
    for line in caffe_log(net.inferred):
        head, _, message = line.partition("] ")
        log.say(head.rpartition(" ")[2], message)


def _source(net: Net) -> str:
    return net.inferred.graph.message.source.name
