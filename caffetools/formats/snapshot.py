"""Caffe's snapshots as bytes: .caffemodel and .solverstate, written and read (caffe.proto).

Only what a solver needs: the blobs by layer, and a solver's state. `wire` walks the structure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.proto import wire
from caffetools.proto.encode import integer, message, string, tag, varint
from caffetools.proto.wire import FIXED32, FIXED64, LENGTH, VARINT

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Field numbers of caffe.proto.
_NET_NAME, _NET_LAYER = 1, 100
_LAYER_NAME, _LAYER_BLOBS = 1, 7
_LAYERS = {_NET_LAYER: (_LAYER_NAME, _LAYER_BLOBS), 2: (4, 6)}  # the second is V1's
_BLOB_LEGACY, _BLOB_DATA, _BLOB_SHAPE, _BLOB_DOUBLES = (1, 2, 3, 4), 5, 7, 8
_SHAPE_DIM = 1
_ITER, _LEARNED_NET, _HISTORY, _CURRENT_STEP, _MINIMUM_LOSS, _LAST_EVENT = 1, 2, 3, 4, 5, 6

MOST_BYTES = 2**31 - 1
"""Protobuf, and so Caffe, reads no larger file."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A shape and its numbers in a row."""

    shape: tuple[int, ...]
    values: NDArray[np.generic]


@dataclass(frozen=True)
class SolverState:
    """What a .solverstate holds; the last two are the SSD fork's, for the policy `plateau`."""

    iteration: int
    learned_net: str | None
    history: Sequence[Blob]
    current_step: int = 0
    plateau: tuple[float, int] | None = None
    """The minimum of the smoothed loss, and the iteration of the last event."""


@dataclass(frozen=True)
class NetTemplate:
    """A net without its numbers: what each layer of a .caffemodel holds beside its blobs."""

    name: str
    layers: tuple[tuple[str, bytes], ...] = field(default=())
    """The layer's name, and its LayerParameter without blobs."""

    @classmethod
    def parse(cls, data: bytes) -> NetTemplate:
        """The template in a .caffemodel without blobs."""
        name, layers = "", []
        buffer = memoryview(data)
        for found in wire.fields(buffer):
            if found.number == _NET_NAME and found.wire_type == LENGTH:
                name = _text(buffer, found)
            elif found.number == _NET_LAYER and found.wire_type == LENGTH:
                layer = buffer[found.start : found.end]
                texts = [
                    _text(layer, inner)
                    for inner in wire.fields(layer)
                    if inner.number == _LAYER_NAME
                ]
                layers.append((texts[0] if texts else "", bytes(layer)))
        return cls(name, tuple(layers))


Pieces = list["bytes | memoryview"]
"""A file, piece by piece, so that the numbers are not there twice."""


def caffemodel(template: NetTemplate, blobs: Mapping[str, Sequence[Blob | None]]) -> Pieces:
    """A net with its weights; of two layers of one name the first takes the blobs.

    Raises CaffeToolsError for more than Caffe reads.
    """
    left = dict(blobs)
    pieces: Pieces = [string(_NET_NAME, template.name)]
    for name, head in template.layers:
        own: Pieces = [head]
        for blob in left.pop(name, ()):
            own += _blob(_LAYER_BLOBS, blob) if blob is not None else ()
        pieces += [tag(_NET_LAYER, LENGTH), varint(sum(map(len, own))), *own]
    if sum(map(len, pieces)) > MOST_BYTES:
        raise CaffeToolsError("Caffe reads no file of 2 GiB or more, and this would be larger")
    return pieces


def solverstate(state: SolverState) -> Pieces:
    """A solver's state."""
    pieces: Pieces = [integer(_ITER, state.iteration)]
    if state.learned_net is not None:
        pieces.append(string(_LEARNED_NET, state.learned_net))
    for blob in state.history:
        pieces += _blob(_HISTORY, blob)
    pieces.append(integer(_CURRENT_STEP, state.current_step))
    if state.plateau is not None:
        pieces.append(tag(_MINIMUM_LOSS, FIXED32) + np.float32(state.plateau[0]).tobytes())
        pieces.append(integer(_LAST_EVENT, state.plateau[1]))
    return pieces


def read_caffemodel(data: bytes) -> dict[str, list[Blob]]:
    """The blobs of each layer of a .caffemodel, V1 or V2.

    Raises CaffeToolsError for bytes that are none.
    """
    buffer = memoryview(data)
    layers: dict[str, list[Blob]] = {}
    try:
        for found in wire.fields(buffer):
            if found.number in _LAYERS and found.wire_type == LENGTH:
                name, blobs = _layer(buffer[found.start : found.end], *_LAYERS[found.number])
                layers.setdefault(name, blobs)
    except wire.WireError as error:
        raise CaffeToolsError(f"this is no .caffemodel, or it is cut off: {error}") from None
    return layers


def read_solverstate(data: bytes) -> SolverState:
    """What a .solverstate holds. Raises CaffeToolsError for bytes that are none."""
    buffer = memoryview(data)
    numbers = {_ITER: 0, _CURRENT_STEP: 0, _LAST_EVENT: 0}
    learned_net: str | None = None
    minimum_loss: float | None = None
    history = []
    try:
        for found in wire.fields(buffer):
            if found.number == _LEARNED_NET and found.wire_type == LENGTH:
                learned_net = _text(buffer, found)
            elif found.number == _HISTORY and found.wire_type == LENGTH:
                history.append(_read_blob(buffer[found.start : found.end]))
            elif found.number == _MINIMUM_LOSS and found.wire_type == FIXED32:
                minimum_loss = wire.float32(buffer, found.start)
            elif found.number in numbers and found.wire_type == VARINT:
                numbers[found.number] = wire.signed(found.value, 32)
    except wire.WireError as error:
        raise CaffeToolsError(f"this is no .solverstate, or it is cut off: {error}") from None
    plateau = None if minimum_loss is None else (minimum_loss, numbers[_LAST_EVENT])
    return SolverState(numbers[_ITER], learned_net, history, numbers[_CURRENT_STEP], plateau)


def read_blob(data: bytes) -> Blob:
    """The blob in a .binaryproto. Raises CaffeToolsError for bytes that are none."""
    try:
        return _read_blob(memoryview(data))
    except wire.WireError as error:
        raise CaffeToolsError(f"this is no .binaryproto, or it is cut off: {error}") from None


def binaryproto(blob: Blob) -> bytes:
    """A blob as a file with four extents, as mean images have it."""
    extents = (1, 1, 1, 1, *blob.shape)[-4:]
    head = [integer(number, extent) for number, extent in zip(_BLOB_LEGACY, extents, strict=True)]
    values = np.ascontiguousarray(blob.values, "<f4")
    return b"".join(head) + message(_BLOB_DATA, values.tobytes())


def _layer(layer: memoryview, name_number: int, blobs_number: int) -> tuple[str, list[Blob]]:
    name, blobs = "", []
    for found in wire.fields(layer):
        if found.number == name_number and found.wire_type == LENGTH:
            name = _text(layer, found)
        elif found.number == blobs_number and found.wire_type == LENGTH:
            blobs.append(_read_blob(layer[found.start : found.end]))
    return name, blobs


def _read_blob(blob: memoryview) -> Blob:
    legacy: dict[int, int] = {}
    dims: list[int] = []
    pieces: list[NDArray[np.generic]] = []
    kinds = {_BLOB_DATA: ("<f4", FIXED32), _BLOB_DOUBLES: ("<f8", FIXED64)}
    for found in wire.fields(blob):
        if found.number in _BLOB_LEGACY and found.wire_type == VARINT:
            legacy[found.number] = wire.signed(found.value, 32)
        elif found.number == _BLOB_SHAPE and found.wire_type == LENGTH:
            dims += _dims(blob[found.start : found.end])
        elif found.number in kinds and found.wire_type in (LENGTH, kinds[found.number][1]):
            pieces.append(_numbers(blob[found.start : found.end], kinds[found.number][0]))
    shape = tuple(legacy.get(number, 0) for number in _BLOB_LEGACY) if legacy else tuple(dims)
    values = np.concatenate(pieces).astype(np.float32) if pieces else np.zeros(0, np.float32)
    if min(shape, default=1) < 0 or prod(shape) != values.size:
        raise CaffeToolsError(f"a blob of shape {shape} holds {values.size} numbers")
    return Blob(shape, values)


def _dims(shape: memoryview) -> Iterator[int]:
    for found in wire.fields(shape):
        if found.number == _SHAPE_DIM and found.wire_type == VARINT:
            yield wire.signed(found.value)
        elif found.number == _SHAPE_DIM and found.wire_type == LENGTH:
            yield from map(wire.signed, wire.packed_varints(shape, found.start, found.end))


def _numbers(data: memoryview, kind: str) -> NDArray[np.generic]:
    dtype = np.dtype(kind)
    if len(data) % dtype.itemsize:
        raise CaffeToolsError("a blob ends inside a number")
    return np.frombuffer(data, dtype)


def _text(buffer: memoryview, found: wire.Field) -> str:
    return str(buffer[found.start : found.end], "utf-8", "surrogateescape")


def _blob(number: int, blob: Blob) -> list[bytes | memoryview]:
    """A field with a blob; numbers that are float32 already are not copied."""
    values = np.ascontiguousarray(blob.values, "<f4").reshape(-1)
    shape = message(_BLOB_SHAPE, message(_SHAPE_DIM, b"".join(map(varint, blob.shape))))
    head = shape + tag(_BLOB_DATA, LENGTH) + varint(values.nbytes)
    begin = tag(number, LENGTH) + varint(len(head) + values.nbytes)
    return [begin + head, values.view(np.uint8).data]
