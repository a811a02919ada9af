"""Read a file of blobs: .caffemodel, .binaryproto or .solverstate, as protobuf or as HDF5."""

from __future__ import annotations

import os

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.blob import Blob, read_blob
from caffetools.formats.caffemodel import StoredLayer, Weights, read_caffemodel
from caffetools.formats.hdf5 import MAGIC, read_hdf5
from caffetools.formats.solverstate import read_solverstate
from caffetools.proto import wire
from caffetools.proto.source import mapped, shown_name
from caffetools.proto.wire import LENGTH, VARINT

_KINDS = ("caffemodel", "binaryproto", "solverstate")

_PROBED = 50
"""Fields to look at when guessing the kind of a file."""


def read_weights(path: str | os.PathLike[str], kind: str | None = None) -> Weights:
    """Read a file of blobs; without `kind`, its extension or its content decides the kind.

    The file is mapped into memory: blobs that are not used are not read. Raises CaffeToolsError,
    placed at the file, for a file that cannot be read or is of another kind.
    """
    name = shown_name(path)
    buffer = mapped(path)
    if not buffer:
        raise CaffeToolsError("the file is empty: expected weights", Location(name))
    if buffer[: len(MAGIC)] == MAGIC:
        weights = read_hdf5(os.fspath(path), buffer)
    else:
        extension = os.fspath(path).rpartition(".")[2]
        known = kind or (extension if extension in _KINDS else guess_kind(buffer))
        weights = parse_weights(buffer, name, known)
    if kind not in (None, weights.kind):
        raise CaffeToolsError(f"expected a .{kind}, found a .{weights.kind}", Location(name))
    return weights


def parse_weights(buffer: memoryview, path: str, kind: str) -> Weights:
    """Read the bytes of a protobuf file of the given kind.

    Raises CaffeToolsError, placed at the file, for bytes that are no such file, and for a blob
    whose values do not match its shape.
    """
    try:
        if kind == "caffemodel":
            return Weights(path, kind, *read_caffemodel(buffer))
        if kind == "binaryproto":
            blob = read_blob(buffer, 0, len(buffer))
            return Weights(path, kind, "", (StoredLayer("", "", (blob,)),))
        state = read_solverstate(buffer)
        return Weights(path, kind, "", (StoredLayer("", "", tuple(state.history)),), state)
    except wire.WireError as error:
        text = f"this is not a .{kind}, or it is cut off or damaged: {error}"
        raise CaffeToolsError(text, Location(path)) from None
    except CaffeToolsError as error:
        raise error.at(Location(path)) from None


def read_layers(path: str | os.PathLike[str]) -> dict[str, list[Blob | None]]:
    """Read the blobs of each layer of a .caffemodel by its name, None for a shared one.

    Of several layers of one name the last with blobs counts, as in Caffe, which copies all of them
    in order. Raises CaffeToolsError, placed, as `read_weights` does.
    """
    found: dict[str, list[Blob | None]] = {}
    for layer in read_weights(path, "caffemodel").layers:
        if layer.blobs or layer.name not in found:
            found[layer.name] = layer.by_index()
    return found


def guess_kind(buffer: memoryview) -> str:
    """Guess the kind of a file from its first fields."""
    seen = set()
    try:
        for field, _ in zip(wire.fields(buffer), range(_PROBED), strict=False):
            seen.add((field.number, field.wire_type))
    except wire.WireError:
        return "caffemodel"
    if (1, VARINT) in seen and seen & {(2, LENGTH), (3, LENGTH)}:
        return "solverstate"
    is_net = (1, LENGTH) in seen or (2, LENGTH) in seen or any(number > 13 for number, _ in seen)
    return "caffemodel" if is_net else "binaryproto"
