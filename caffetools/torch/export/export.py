"""A net and its weights -> the files of an export, without a word on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.formats.safetensors import safetensors
from caffetools.formats.weights import read_weights
from caffetools.layers.base import Options
from caffetools.net.graph import State
from caffetools.net.net import Net, infer_net
from caffetools.proto.source import decode, read_bytes
from caffetools.torch.export.assembly import assemble, assemble_folded
from caffetools.torch.export.code import Extras, model_code
from caffetools.torch.export.fold import fold_tensors
from caffetools.torch.export.preprocess import preprocessing_of
from caffetools.torch.export.program import Program
from caffetools.torch.export.transfer import transfer

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = "weights.safetensors"
MEAN = "mean.safetensors"

Files = dict[str, "bytes | Iterable[bytes | memoryview]"]


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


def export(program: Program, wishes: Wishes) -> Export:
    """The files of a program.

    Raises CaffeToolsError, placed, for weights that cannot be read or are of another net, and for
    labels or a mean image that cannot be read.
    """
    moved = _moved(program, wishes)
    notes = list(moved.notes)
    files: Files = {} if wishes.weights is None else {WEIGHTS: safetensors(moved.tensors)}
    made = preprocessing_of(program.net)
    if made is not None:
        notes += made.notes
        if made.mean_image is not None and wishes.alone:
            text = "the mean image needs a file of its own: preprocess is left out"
            notes.append(Note(_place(program), text))
            made = None
        elif made.mean_image is not None:
            files[MEAN] = safetensors({"mean": made.mean_image})
    extras = Extras(
        WEIGHTS if WEIGHTS in files else None,
        made,
        MEAN if MEAN in files else None,
        () if wishes.labels is None else _labels(wishes.labels),
    )
    code = model_code(moved.program, extras).encode()
    return Export({"model.py": code, **files}, tuple(notes), moved.mistakes)


def export_onnx(program: Program, wishes: Wishes) -> Export:
    """The one file model.onnx of a program that is only run, none where there are mistakes.

    Raises CaffeToolsError, placed, for weights that cannot be read or are of another net, and for a
    module that ONNX cannot express.
    """
    moved = _moved(program, wishes)
    if moved.mistakes:
        return Export({}, moved.notes, moved.mistakes)
    try:
        from caffetools.torch.export.onnx_file import onnx_file

        data, told = onnx_file(moved.program, moved.tensors)
    except ImportError:
        text = "--to onnx needs PyTorch: pip install 'caffetools[torch,onnx]'"
        raise CaffeToolsError(text) from None
    except CaffeToolsError as error:
        raise error.at(_place(program)) from None
    notes = (Note(_place(program), text) for text in told)
    return Export({"model.onnx": data}, (*moved.notes, *notes), ())


@dataclass(frozen=True)
class _Moved:
    """A program with its weights."""

    program: Program
    tensors: dict[str, NDArray[Any]]
    notes: tuple[Note, ...]
    mistakes: tuple[Note, ...]


def _moved(program: Program, wishes: Wishes) -> _Moved:
    notes = list(program.notes)
    mistakes: list[Note] = []
    (notes if wishes.allow_missing else mistakes).extend(_missing(program))
    if wishes.weights is None:
        return _Moved(program, {}, tuple(notes), tuple(mistakes))
    found = transfer(program, read_weights(wishes.weights))
    tensors, folded = found.tensors, program
    notes += found.notes
    mistakes += found.misfits
    if wishes.fold and not mistakes:
        folded = assemble_folded(program.net)
        tensors = fold_tensors(folded, program, tensors)
    return _Moved(folded, tensors, tuple(notes), tuple(mistakes))


def _place(program: Program) -> Location:
    """Where notes on the whole net stand."""
    return program.net.inferred.graph.message.location()


def _missing(program: Program) -> Iterator[Note]:
    for placeholder in program.placeholders:
        for layer in placeholder.layers:
            text = f"layer {layer.node.key!a} of type {layer.node.type!a} is left to fill in"
            yield Note(layer.node.message.location(), text)


def _labels(path: str) -> tuple[str, ...]:
    """The lines of a file but for empty ones at its end."""
    text = decode(path, read_bytes(path)).text
    return tuple(line.strip() for line in text.rstrip().splitlines())
