"""Modules of a net that return more blobs than the net's outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from torch import nn

from caffetools.errors import CaffeToolsError
from caffetools.formats.weights import read_layers
from caffetools.net.net import Net
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.verification import with_all_outputs
from caffetools.torch.solver.solver_project import builder
from caffetools.torch.training.glog_writer import GlogWriter


def runnable(net: Net) -> ModuleSpec:
    """Describe the module of a net in its phase.

    Raises CaffeToolsError, placed, for a layer that cannot be run.
    """
    spec = assemble(net)
    if spec.placeholders:
        node = spec.placeholders[0].layers[0].node
        text = f"layers of the unknown type {node.type!a} cannot be run"
        raise node.message.error(text, "type", kind=CaffeToolsError)
    return spec


def watched_module(
    net: Net,
    weights: Sequence[str],
    blobs: Iterable[str] = (),
    log: GlogWriter | None = None,
    *,
    alone: bool = False,
) -> nn.Module:
    """Return the module with the weights of files, which returns some blobs, too, or `alone`.

    Raises CaffeToolsError, placed, for an unknown blob, a layer that cannot be run, and weights
    that do not fit.
    """
    spec = runnable(net)
    phase = spec.phases[0]
    known = {each.blob: each for each in (*spec.inputs, *with_all_outputs(spec).outputs[phase])}
    for blob in blobs:
        if blob not in known:
            text = f"the net has no blob {blob!a}"
            raise net.inferred.graph.message.error(text, kind=CaffeToolsError)
    wanted = {each.blob: each for each in (() if alone else spec.outputs[phase])}
    wanted.update((blob, known[blob]) for blob in blobs)
    spec = replace(spec, phases=(phase,), outputs={phase: tuple(wanted.values())})
    loaded = [(path, read_layers(path)) for path in weights]
    return builder(net, loaded, log, spec)().train(phase == "TRAIN")
