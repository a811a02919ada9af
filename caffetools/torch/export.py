"""A net and its weights -> the files of an export, without a word on the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from caffetools.errors import CaffeToolsError, Note
from caffetools.layers.base import Options
from caffetools.net import Net, infer_net
from caffetools.state import State
from caffetools.torch.assembly import assemble
from caffetools.torch.code import model_code
from caffetools.torch.program import Program
from caffetools.torch.transfer import transfer
from caffetools.weights.reading import read_weights
from caffetools.weights.safetensors import safetensors

WEIGHTS = "weights.safetensors"

Files = dict[str, "bytes | Iterable[bytes | memoryview]"]


@dataclass(frozen=True)
class Export:
    """What an export writes and says."""

    files: Files
    """Contents by name."""
    notes: tuple[Note, ...]
    mistakes: tuple[Note, ...]
    """Why nothing should be written: layers that are missing, weights that do not fit."""


def program_of(net: Net, options: Options) -> Program:
    """The program of a net, which serves the other phase, too, where one module can serve both.

    Raises CaffeToolsError, placed, for a layer that PyTorch cannot have.
    """
    return assemble(net, _other_phase(net, options))


def _other_phase(net: Net, options: Options) -> Net | None:
    """The net in its other phase, None where Caffe refuses it there."""
    state = net.state
    other = State("TEST" if state.phase == "TRAIN" else "TRAIN", state.stages, state.level)
    try:
        return infer_net(net.inferred.graph.message, other, options)
    except CaffeToolsError:
        return None


def export(program: Program, weights: str | None = None, *, allow_missing: bool = False) -> Export:
    """The files of a program, with those weights that the file at `weights` has for it.

    Raises CaffeToolsError, placed, for weights that cannot be read or are of another net.
    """
    notes = list(program.notes)
    mistakes: list[Note] = []
    for placeholder in program.placeholders:
        for layer in placeholder.layers:
            text = f"layer {layer.node.key!a} of type {layer.node.type!a} is left to fill in"
            note = Note(layer.node.message.location(), text)
            (notes if allow_missing else mistakes).append(note)
    files: Files = {}
    if weights is not None:
        found = transfer(program, read_weights(weights))
        notes += found.notes
        mistakes += found.misfits
        files[WEIGHTS] = safetensors(found.tensors)
    code = model_code(program, None if weights is None else WEIGHTS)
    return Export({"model.py": code.encode(), **files}, tuple(notes), tuple(mistakes))
