"""Caffe's weights as the tensors of a module's state dict, and back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import or_
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError, Location, Note
from caffetools.formats.caffemodel import StoredLayer, Weights
from caffetools.formats.safetensors import read_safetensors
from caffetools.layers.blobs import dims
from caffetools.torch.export.module_spec import ModuleSpec, ParameterSpec
from caffetools.torch.export.norms import COUNTER

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Transfer:
    """The weights of a file, as tensors of a module."""

    tensors: dict[str, NDArray[Any]]
    """By the keys of the state dict: views of the file where it holds float32."""
    notes: tuple[Note, ...]
    """Layers of the file that the net lacks, and layers of the net that the file lacks."""
    misfits: tuple[Note, ...]
    """Blobs that Caffe would reject."""


def transfer_weights(spec: ModuleSpec, weights: Weights) -> Transfer:
    """Match weights with a module as Caffe does (net.cpp, CopyTrainedLayersFrom).

    Raises CaffeToolsError, located at the file, if it has no weights for any layer of the net.
    """
    place = Location(weights.path)
    if weights.kind != "caffemodel":
        raise CaffeToolsError(f"expected the weights of a net, found a .{weights.kind}", place)
    targets = _first_of_each_name(spec)
    known = {layer.text("name") for layer in spec.net.inferred.graph.message.messages("layer")}
    tensors: dict[str, NDArray[Any]] = {}
    found: set[str] = set()
    notes, misfits = [], []
    for layer in weights.layers:
        params = targets.get(layer.name)
        if params is None:
            if layer.blobs and layer.name not in known:
                notes.append(Note(place, f"ignoring weights of the unknown layer {layer.name!a}"))
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
            notes.append(Note(place, f"no weights for layer {name!a}; its fillers initialise it"))
    if targets and not tensors and not misfits and any(targets.values()):
        raise CaffeToolsError("no layer of the net has weights in this file", place)
    return Transfer(tensors, tuple(notes), tuple(misfits))


def _first_of_each_name(spec: ModuleSpec) -> dict[str, tuple[ParameterSpec, ...]]:
    """Return the parameters for weights by layer name; of two layers with one, the first's."""
    found: dict[str, tuple[ParameterSpec, ...]] = {}
    for layer in spec.net.layers:
        found.setdefault(layer.node.name, spec.params.get(layer.node.key, ()))
    return found


def _misfits(layer: StoredLayer, params: tuple[ParameterSpec, ...]) -> Iterator[str]:
    """Yield why Caffe would reject a layer's weights; HDF5 may leave out shared blobs."""
    blobs = layer.by_index()
    given = [blob is not None for blob in blobs] + [False] * (len(params) - len(blobs))
    optional = [layer.indices is not None and param.shared for param in params]
    if len(given) > len(params) or not all(map(or_, given, optional)):
        yield f"layer {layer.name!a} expected {len(params)} blobs, found {len(layer.blobs)}"
        return
    for index, (blob, param) in enumerate(zip(blobs, params, strict=False)):
        if blob is not None and not blob.fits(param.shape):
            yield (
                f"blob {index} of layer {layer.name!a} expected {dims(param.shape)}, "
                f"found {dims(blob.shape)}"
            )


NamedBlobs = tuple[str, str, "list[NDArray[Any]]"]


def caffe_blobs(
    spec: ModuleSpec, state: Mapping[str, NDArray[Any]]
) -> tuple[list[NamedBlobs], list[str]]:
    """Return each layer's name, type and blobs from a state dict, and the unused keys.

    Raises CaffeToolsError, without a location, for a tensor that is missing or does not fit.
    """
    found, unused = [], dict.fromkeys(state)
    for layer in spec.net.layers:
        arrays = []
        for param in spec.params.get(layer.node.key, ()):
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


_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
"""First bytes of files of torch.save, of PyTorch 1.6 and later, and of earlier ones."""


def read_state_dict(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Read the tensors of a `.safetensors` file, or of a state dict written by torch.save.

    The latter is read with `weights_only=True`, so that it cannot run code. Raises CaffeToolsError,
    located at the file, for any other file.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(len(_ZIP))
    except (OSError, ValueError):
        return read_safetensors(path)  # which raises the reason
    pickled = head == _ZIP or (head.startswith(_PICKLE) and not head.endswith(b"\0"))
    return _pickled(path, mmap=head == _ZIP) if pickled else read_safetensors(path)


def _pickled(path: str | os.PathLike[str], *, mmap: bool) -> dict[str, NDArray[Any]]:
    place = Location(os.fspath(path))
    try:
        import torch
    except ImportError:
        raise CaffeToolsError(
            "this file needs PyTorch: pip install 'caffetools[torch]'", place
        ) from None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except Exception as error:  # noqa: BLE001  # a damaged file raises whatever unpickling raises
        reason = str(error).partition("\n")[0]
        raise CaffeToolsError(f"PyTorch cannot load this file: {reason}", place) from None
    if not isinstance(state, dict):
        raise CaffeToolsError(f"expected a state dict, found {type(state).__name__}", place)
    return {
        name: tensor.detach().float().numpy()
        for name, tensor in state.items()
        if isinstance(tensor, torch.Tensor)
    }


def converted(
    tensors: Mapping[str, NDArray[Any]], source: ModuleSpec, target: ModuleSpec
) -> dict[str, NDArray[Any]]:
    """Return the tensors of one form of a module, by their keys in another form of it.

    Where only the target has PyTorch's BatchNorm, the statistics are divided by Caffe's factor, 0
    for a factor of 0 (batch_norm_layer.cpp); where only the source has it, the factor is 1.
    """
    import numpy as np

    found: dict[str, NDArray[Any]] = {}
    for layer, params in target.params.items():
        old = [param.key for param in source.params[layer]]
        given = [tensors.get(key) for key in old]
        if params[-1].key.endswith(COUNTER) and not old[-1].endswith(COUNTER):
            total = given[-1]
            if total is not None:
                share = np.float32(0 if total[0] == 0 else 1 / total[0])
                given = [None if each is None else each * share for each in given[:-1]]
        elif old and old[-1].endswith(COUNTER):
            given[-1] = None if given[0] is None else np.ones(1, np.float32)
        for param, values in zip(params, given, strict=False):
            if values is not None and not param.key.endswith(COUNTER):
                found[param.key] = values
    return found
