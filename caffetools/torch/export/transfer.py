"""Caffe's weights -> the tensors of a module's state dict, and back; matched as Caffe does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import or_
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.formats.caffemodel import StoredLayer, Weights
from caffetools.layers.base import dims
from caffetools.torch.export.program import Parameter, Program

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Transfer:
    """What a file of weights gives a module."""

    tensors: dict[str, NDArray[Any]]
    """By the keys of the state dict: views of the file wherever it holds float32."""
    notes: tuple[Note, ...]
    """The layers of the file that the net does not have, and those of the net that it lacks."""
    misfits: tuple[Note, ...]
    """The blobs that Caffe would refuse."""


def transfer(program: Program, weights: Weights) -> Transfer:
    """The tensors for a program (net.cpp, CopyTrainedLayersFrom).

    Raises CaffeToolsError, placed at the file, for one that holds no weights of a net, or none of a
    layer of this one.
    """
    place = Location(weights.path)
    if weights.kind != "caffemodel":
        raise CaffeToolsError(f"expected the weights of a net, found a .{weights.kind}", place)
    targets = _first_of_each_name(program)
    tensors: dict[str, NDArray[Any]] = {}
    found: set[str] = set()
    notes, misfits = [], []
    for layer in weights.layers:
        params = targets.get(layer.name)
        if params is None:
            if layer.blobs:
                notes.append(Note(place, f"the net has no layer {layer.name!a} for these weights"))
            continue
        found.add(layer.name)
        wrong = list(_misfits(layer, params))
        misfits += [Note(place, text) for text in wrong]
        if not wrong:
            given = zip(layer.by_index(), params, strict=False)
            tensors.update(
                (param.key, blob.as_float32(param.stored)) for blob, param in given if blob
            )
    for name, params in targets.items():
        if params and name not in found:
            notes.append(Note(place, f"no weights for layer {name!a}: its fillers start it"))
    if targets and not tensors and not misfits and any(targets.values()):
        raise CaffeToolsError("no layer of the net has weights in this file", place)
    return Transfer(tensors, tuple(notes), tuple(misfits))


def _first_of_each_name(program: Program) -> dict[str, tuple[Parameter, ...]]:
    """Which blobs weights of a layer's name go to: of two layers of a name, the first has them."""
    found: dict[str, tuple[Parameter, ...]] = {}
    for layer in program.net.layers:
        found.setdefault(layer.node.name, program.params.get(layer.node.key, ()))
    return found


def _misfits(layer: StoredLayer, params: tuple[Parameter, ...]) -> Iterator[str]:
    """What Caffe would refuse about a layer's weights; HDF5 may leave out shared blobs."""
    blobs = layer.by_index()
    given = [blob is not None for blob in blobs] + [False] * (len(params) - len(blobs))
    optional = [layer.indices is not None and param.shared for param in params]
    if len(given) > len(params) or not all(map(or_, given, optional)):
        yield f"layer {layer.name!a} has {len(params)} blobs, found {len(layer.blobs)}"
        return
    for index, (blob, param) in enumerate(zip(blobs, params, strict=False)):
        if blob is not None and not blob.fits(param.shape):
            yield (
                f"blob {index} of layer {layer.name!a} is {dims(param.shape)}, "
                f"found {dims(blob.shape)}"
            )


NamedBlobs = tuple[str, str, "list[NDArray[Any]]"]


def blobs(
    program: Program, state: Mapping[str, NDArray[Any]]
) -> tuple[list[NamedBlobs], list[str]]:
    """Each layer's name, type and blobs in Caffe's shapes, out of a state dict; and what is left.

    Raises CaffeToolsError, unplaced, for a tensor that is missing or does not fit.
    """
    found, unused = [], dict.fromkeys(state)
    for layer in program.net.layers:
        arrays = []
        for param in program.params.get(layer.node.key, ()):
            tensor = state.get(param.key)
            if tensor is None:
                raise CaffeToolsError(f"expected a tensor {param.key!a}, found none")
            if tensor.shape != param.stored:
                raise CaffeToolsError(
                    f"expected {dims(param.stored)} for {param.key!a}, found {dims(tensor.shape)}"
                )
            arrays.append(tensor.reshape(param.shape))
            unused.pop(param.key, None)
        found.append((layer.node.name, layer.node.type, arrays))
    return found, list(unused)
