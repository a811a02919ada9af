"""A solver and its nets -> a project to train, with modules that are built in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from torch import nn

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import NetTemplate
from caffetools.formats.weights import read_layers
from caffetools.net.caffe_log import caffe_log
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.net.reading import without_weights
from caffetools.proto import schema
from caffetools.proto.binary import serialize
from caffetools.proto.message import Entry, Message, Value
from caffetools.proto.printer import debug_string
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.emitted_layers import blob_keys, loss_weights
from caffetools.torch.export.loaded_module import module_builder
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.solver.data_layers import check_sources, labels_of, origins_of, sources_of
from caffetools.torch.solver.solver_file import SolverFile
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.model import load
from caffetools.torch.training.project import NetWithData, Project

Layers = Mapping[str, Sequence[Blob | None]]
Build = Callable[[], nn.Module]


def project_of(solver: SolverFile, weights: Sequence[str], log: GlogWriter) -> Project:
    """Set up a solver as `caffe train` does, with what Caffe logs on the way (solver.cpp).

    `weights` are files to initialise the nets from, one after the other. Raises CaffeToolsError,
    located, for a net that cannot be exported and for weights that do not fit.
    """
    for net in (solver.train, *solver.tests):
        check_sources(net)
    log.say("solver.cpp:45", "Initializing solver from parameters: \n" + _echo(solver, weights))
    origin = _origin(solver, 0)
    origin = f"from {origin}" if " file: " in origin else f"specified in {origin}."
    log.say(_SOURCE_LINES[solver.net_fields[0].name], f"Creating training net {origin}")
    log_net(solver.train, weights, log)
    tests = []
    for index, net in enumerate(solver.tests):
        text = f"Creating test net (#{index}) specified by {_origin(solver, index + 1)}"
        log.say("solver.cpp:190", text)
        log_net(net, weights, log)
        tests.append(builder(net))
    size, types = solver.settings.iter_size, {layer.node.type for layer in solver.train.layers}
    if size > 1 and "BatchNorm" in types:
        text = "BatchNorm normalizes each batch by itself, and its running statistics move"
        log.remark(
            "solver.cpp:57", f"iter_size {size}: {text} with each of the {size}, as in Caffe"
        )
    log.say("solver.cpp:57", "Solver scaffolding done.")
    loaded = [(path, read_layers(path)) for path in weights]
    return project_with(solver, builder(solver.train, loaded, log), tests)


def project_with(solver: SolverFile, build: Build, test_builds: Sequence[Build]) -> Project:
    """Return the project of a solver whose modules these functions build."""
    net = solver.train
    tests = zip(solver.tests, test_builds, solver.test_iterations, strict=True)
    return Project(
        net.name,
        solver.settings,
        _with_data(net, build),
        tuple(_with_data(*test) for test in tests),
        multipliers_of(net),
        NetTemplate.parse(net_template(net)),
        has_unused(net),
        os.path.dirname(_path(net)) or ".",
        net.inferred.graph.message.flag("force_backward"),
    )


def _with_data(net: Net, build: Build, iterations: int = 0) -> NetWithData:
    shown = shown_outputs(net)
    return NetWithData(build, sources_of(net), labels_of(net), iterations, origins_of(net), shown)


def multipliers_of(net: Net) -> dict[str, tuple[tuple[float, float], ...]]:
    """Return lr_mult and decay_mult of each layer's blobs; a statistic has an lr_mult of 0."""
    return {
        layer.node.key: tuple(
            (0.0 if blob.statistic else blob.lr_mult, blob.decay_mult) for blob in layer.params
        )
        for layer in net.layers
        if layer.params
    }


def shown_outputs(net: Net) -> dict[str, str] | None:
    """Return the names of the module's outputs in Caffe's log, None where they are the same.

    A loss that another layer reads is not an output of Caffe's net, or has the name of its Split.
    """
    graph, keys = net.inferred.graph, blob_keys(net)
    shown = {keys[blob]: graph.blobs[blob].name for blob in graph.outputs}
    hidden = loss_weights(net).keys() - shown.keys()
    return shown if hidden or any(key != name for key, name in shown.items()) else None


def has_unused(net: Net) -> bool:
    """Whether some layer has learnable blobs that do not contribute to the loss."""
    return any(
        not needed and any(blob.learnable for blob in layer.params)
        for layer, needed in zip(net.layers, net.needs_backward, strict=True)
    )


def builder(
    net: Net,
    weights: Sequence[tuple[str, Layers]] = (),
    log: GlogWriter | None = None,
    spec: ModuleSpec | None = None,
) -> Build:
    """Return the function that builds the net's module and loads weights into it.

    `spec` describes the module if it has other outputs than the net.
    """
    make = module_builder(spec or assemble(net), f"<model of {_path(net)}>")

    def build() -> nn.Module:
        module = make()
        for path, layers in weights:
            try:
                ignored = list(load(module, layers))
            except CaffeToolsError as error:
                raise error.at(Location(path)) from None
            for name in ignored:
                if log is not None:
                    log.say("net.cpp:746", f"Ignoring source layer {name}")
        return module

    return build


_SOURCE_LINES = {
    "train_net_param": "solver.cpp:88",
    "train_net": "solver.cpp:92",
    "net_param": "solver.cpp:97",
    "net": "solver.cpp:102",
}
"""Caffe's source line that logs the origin of the training net, by the field that has it."""


def _origin(solver: SolverFile, number: int) -> str:
    """Return the field that holds a net, or the field and the file that it names."""
    field, index = solver.net_fields[number]
    value = solver.message.all(field)[index]
    return field if isinstance(value, Message) else f"{field} file: {value!s}"


def _echo(solver: SolverFile, weights: Sequence[str]) -> str:
    """Return the solver as Caffe logs it; `weights` replace those that it names."""
    fields = {name: entries for name, entries in solver.message.fields.items() if name != "weights"}
    if weights:
        fields["weights"] = [(",".join(weights), solver.message.offset)]
    return debug_string(solver.message.replaced(fields)).removesuffix("\n")


def log_net(net: Net, weights: Sequence[str], log: GlogWriter) -> None:
    """Log what Caffe logs while it sets up a net and loads weights."""
    echo = debug_string(_filtered(net)).removesuffix("\n")
    log.say("net.cpp:53", "Initializing net from parameters: \n" + echo)
    for source_line, message in caffe_log(net.inferred):
        log.say(source_line, message)
    for path in weights:
        log.say("solver.cpp:72", f"Finetuning from {path}")


def _filtered(net: Net) -> Message:
    """Return the net as Caffe logs it: its state, and the layers that the state includes."""
    whole = without_weights(net.inferred.graph.message)
    phase, level = net.state.phase, net.state.level
    fields: dict[str, list[Value]] = {"phase": [phase], "stage": list(net.state.stages)}
    if level or phase == "TRAIN":
        fields["level"] = [level]
    layers: list[Entry] = [(layer.node.message, 0) for layer in net.layers]
    state = _message("NetState", whole, fields)
    return whole.replaced({**whole.fields, "state": [(state, 0)], "layer": layers})


def _path(net: Net) -> str:
    return net.inferred.graph.message.source.name


def net_template(net: Net) -> bytes:
    """The NetParameter with all layers, inserted Splits included, as they were set up.

    Each has its phase; losses have their weight, and BatchNorm multipliers of 0 for its statistics.
    """
    graph = net.inferred.graph
    layers = [_layer(net, layer) for layer in net.inferred.layers]
    return serialize(
        _message("NetParameter", graph.message, {"name": [net.name], "layer": list(layers)})
    )


def _layer(net: Net, layer: InferredLayer) -> Message:
    node, blobs = layer.node, net.inferred.graph.blobs
    named = [blobs[blob].name for blob in node.tops]
    fields: dict[str, list[Value]] = {
        **{name: [value for value, _ in entries] for name, entries in node.message.fields.items()},
        "name": [node.name],
        "type": [node.type],
        "bottom": [blobs[blob].name for blob in node.bottoms],
        "top": list(named[: node.message.count("top")] if not node.inserted else named),
    }
    fields.pop("blobs", None)
    fields.setdefault("phase", [net.state.phase])
    weights = list(layer.loss_weights)
    if any(weights) and not node.message.has("loss_weight"):
        fields["loss_weight"] = list(weights[: 1 + max(i for i, w in enumerate(weights) if w)])
    statistics = [blob for blob in layer.params if blob.statistic]
    if statistics and len(fields.get("param", [])) < len(layer.params):
        spec = _message("ParamSpec", node.message, {"lr_mult": [0.0]})
        given = fields.get("param", [])
        fields["param"] = [*given, *[spec] * (len(layer.params) - len(given))]
    return _message("LayerParameter", node.message, {k: v for k, v in fields.items() if v})


def _message(name: str, where: Message, fields: dict[str, list[Value]]) -> Message:
    entries: dict[str, list[Entry]] = {
        field: [(value, where.offset) for value in values] for field, values in fields.items()
    }
    return Message(schema.message(name), where.source, where.offset, entries)
