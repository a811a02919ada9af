"""`.caffemodel` files: a NetParameter with the blobs of its layers, read and written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob, Piece, blob_field, read_blob
from caffetools.formats.solverstate import SolverState
from caffetools.proto import wire
from caffetools.proto.wire import LENGTH, VARINT

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_BYTES = 2**31 - 1
"""Protobuf, and so Caffe, reads no larger file."""


class _LayerFields(NamedTuple):
    """Field numbers of one of the three layer messages of caffe.proto."""

    version: int
    name: int
    type: int
    blobs: int


_NET_NAME = 1
_NET_LAYER, _NET_V1_LAYER = 100, 2
_V2 = _LayerFields(2, 1, 2, 7)
_V1 = _LayerFields(1, 4, 5, 6)
_V0 = _LayerFields(0, 1, 2, 50)
_V0_IN_V1 = 1


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """The blobs of one layer of a file, in Caffe's order."""

    name: str
    type: str
    """As stored: the number of an enum in V1; empty where the file does not say."""
    blobs: tuple[Blob, ...]
    version: int = 2
    """Of the layer message: 0, 1 or 2."""
    indices: tuple[int, ...] | None = None
    """Index of each blob in Caffe's layer, if not 0, 1, ...: HDF5 leaves out shared blobs."""

    def numbered(self) -> Iterator[tuple[int, Blob]]:
        """Return the blobs with their index in Caffe's layer."""
        return zip(self.indices or range(len(self.blobs)), self.blobs, strict=True)

    def by_index(self) -> list[Blob | None]:
        """Return the blobs by their index in Caffe's layer, None for one that is left out."""
        found = dict(self.numbered())
        return [found.get(index) for index in range(max(found, default=-1) + 1)]


@dataclass(frozen=True, slots=True)
class Weights:
    """The content of a file of blobs; `kind` is "caffemodel", "binaryproto" or "solverstate".

    A .binaryproto is one layer without a name; so is the history of a .solverstate.
    """

    path: str
    kind: str
    name: str
    """Of the net; empty where the file does not say."""
    layers: tuple[StoredLayer, ...]
    state: SolverState | None = None
    """Of a .solverstate."""


def read_caffemodel(buffer: memoryview) -> tuple[str, tuple[StoredLayer, ...]]:
    """Read the net's name and its layers, of any age.

    Raises WireError for bytes that are no message, CaffeToolsError for a blob whose values do not
    match its shape.
    """
    name, layers = "", []
    for found in wire.fields(buffer):
        if found.wire_type != LENGTH:
            continue
        if found.number == _NET_NAME:
            name = wire.text(buffer, found)
        elif found.number == _NET_LAYER:
            layers.append(_read_layer(buffer, found, _V2))
        elif found.number == _NET_V1_LAYER:
            layers.append(_read_layer(buffer, found, _V1))
    return name, tuple(layers)


def _read_layer(buffer: memoryview, layer: wire.WireField, numbers: _LayerFields) -> StoredLayer:
    name, kind = "", ""
    fields: list[wire.WireField] = []
    for found in wire.fields(buffer, layer.start, layer.end):
        if found.number == numbers.type and found.wire_type == VARINT:
            kind = str(found.value)
        elif found.wire_type != LENGTH:
            continue
        elif numbers is _V1 and found.number == _V0_IN_V1:
            return _read_layer(buffer, found, _V0)
        elif found.number == numbers.name:
            name = wire.text(buffer, found)
        elif found.number == numbers.type:
            kind = wire.text(buffer, found)
        elif found.number == numbers.blobs:
            fields.append(found)
    blobs = (
        read_blob(buffer, found.start, found.end, f"blob {index} of layer {name!a}")
        for index, found in enumerate(fields)
    )
    return StoredLayer(name, kind, tuple(blobs), numbers.version)


@dataclass(frozen=True)
class NetTemplate:
    """A net without blobs: all else that a .caffemodel holds of each layer."""

    name: str
    layers: tuple[tuple[str, bytes], ...] = field(default=())
    """Name of each layer, and its LayerParameter without blobs."""

    @classmethod
    def parse(cls, data: bytes) -> NetTemplate:
        """Read the template from a .caffemodel without blobs."""
        name, layers = "", []
        buffer = memoryview(data)
        for found in wire.fields(buffer):
            if found.number == _NET_NAME and found.wire_type == LENGTH:
                name = wire.text(buffer, found)
            elif found.number == _NET_LAYER and found.wire_type == LENGTH:
                head = bytes(buffer[found.start : found.end])
                layers.append((_read_layer(buffer, found, _V2).name, head))
        return cls(name, tuple(layers))

    def with_blobs(self, blobs: Mapping[str, Sequence[Blob | None]]) -> Iterator[Piece]:
        """Encode the .caffemodel; of two layers of one name the first takes the blobs.

        Raises CaffeToolsError for more than Caffe reads.
        """
        left = dict(blobs)
        layers = (
            (head, [blob for blob in left.pop(name, ()) if blob is not None])
            for name, head in self.layers
        )
        return _limited(_net(self.name, layers))


NamedBlobs = tuple[str, str, "Iterable[NDArray[Any]]"]
"""Name, type and blobs of a layer."""


def caffemodel(name: str, layers: Iterable[NamedBlobs]) -> Iterator[Piece]:
    """Encode a net's name and its layers' blobs, as float32 in V2 layers.

    Arrays are converted one layer at a time. Raises CaffeToolsError, unplaced, before a piece that
    would make the file too large for Caffe.
    """
    headed = (
        (
            wire.string_field(_V2.name, layer) + wire.string_field(_V2.type, kind),
            (Blob(array.shape, array) for array in arrays),
        )
        for layer, kind, arrays in layers
    )
    return _limited(_net(name, headed))


def _net(name: str, layers: Iterable[tuple[bytes, Iterable[Blob]]]) -> Iterator[Piece]:
    yield wire.string_field(_NET_NAME, name)
    for head, blobs in layers:
        pieces: list[Piece] = [head]
        for blob in blobs:
            pieces += blob_field(_V2.blobs, blob)
        yield wire.length_prefix(_NET_LAYER, sum(map(len, pieces)))
        yield from pieces


def _limited(pieces: Iterable[Piece]) -> Iterator[Piece]:
    left = MAX_BYTES
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise CaffeToolsError("the file would exceed 2 GiB, the most that Caffe reads")
        yield piece
