"""A net and its weights -> the files of an export, without a word on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from caffetools.errors import CaffeToolsError, Note
from caffetools.layers.base import Options
from caffetools.net import Net, infer_net
from caffetools.source import decode, read_bytes
from caffetools.state import State
from caffetools.torch.assembly import assemble, assemble_folded
from caffetools.torch.code import Extras, model_code
from caffetools.torch.fold import fold_tensors
from caffetools.torch.preprocess import preprocessing_of
from caffetools.torch.program import Program
from caffetools.torch.transfer import transfer
from caffetools.weights.reading import read_weights
from caffetools.weights.safetensors import safetensors

WEIGHTS = "weights.safetensors"
MEAN = "mean.safetensors"

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


@dataclass(frozen=True)
class Wishes:
    """What an export is to hold beside the module."""

    weights: str | None = None
    """A file with Caffe's weights."""
    labels: str | None = None
    """A file with the name of a class on each line."""
    fold: bool = False
    """Are BatchNorm and Scale to become part of the layers before them?"""
    allow_missing: bool = False
    """May layers of unknown types be left to fill in?"""
    alone: bool = False
    """Is the module all that is written?"""


def export(program: Program, wishes: Wishes) -> Export:
    """The files of a program.

    Raises CaffeToolsError, placed, for weights that cannot be read or are of another net, and for
    labels or a mean image that cannot be read.
    """
    notes = list(program.notes)
    mistakes: list[Note] = []
    missing = list(_missing(program))
    (notes if wishes.allow_missing else mistakes).extend(missing)
    files: Files = {}
    if wishes.weights is not None:
        found = transfer(program, read_weights(wishes.weights))
        notes += found.notes
        mistakes += found.misfits
        tensors = found.tensors
        if wishes.fold and not mistakes:
            plain, program = program, assemble_folded(program.net)
            tensors = fold_tensors(program, plain, tensors)
        files[WEIGHTS] = safetensors(tensors)
    preprocessing = preprocessing_of(program.net)
    if preprocessing is not None:
        notes += preprocessing.notes
        if preprocessing.mean_image is not None:
            files[MEAN] = safetensors({"mean": preprocessing.mean_image})
    if MEAN in files and wishes.alone:
        place = program.net.inferred.graph.message.location()
        notes.append(Note(place, "the mean image needs a file of its own: preprocess is left out"))
        preprocessing = None
    extras = Extras(
        WEIGHTS if WEIGHTS in files else None,
        preprocessing,
        MEAN if MEAN in files else None,
        () if wishes.labels is None else _labels(wishes.labels),
    )
    code = model_code(program, extras).encode()
    return Export({"model.py": code, **files}, tuple(notes), tuple(mistakes))


def _missing(program: Program) -> Iterator[Note]:
    for placeholder in program.placeholders:
        for layer in placeholder.layers:
            text = f"layer {layer.node.key!a} of type {layer.node.type!a} is left to fill in"
            yield Note(layer.node.message.location(), text)


def _labels(path: str) -> tuple[str, ...]:
    """The lines of a file but for empty ones at its end."""
    text = decode(path, read_bytes(path)).text
    return tuple(line.strip() for line in text.rstrip().splitlines())
