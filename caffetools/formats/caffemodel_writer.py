"""The bytes of a .caffemodel, a piece at a time, so that the weights are never there twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError
from caffetools.proto import schema
from caffetools.proto.encode import tag, varint
from caffetools.proto.wire import LENGTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_BYTES = 2**31 - 1
"""Protobuf, and so Caffe, reads no larger file."""

NamedBlobs = tuple[str, str, "Iterable[NDArray[Any]]"]
"""A layer's name, its type, and its blobs."""


def caffemodel(name: str, layers: Iterable[NamedBlobs]) -> Iterator[bytes | memoryview]:
    """The file with a net's name and its layers' blobs, as float32 in today's form (V2).

    Raises CaffeToolsError, unplaced, before a piece that would make the file too large for Caffe.
    """
    left = MOST_BYTES
    for piece in _net(name, layers):
        left -= len(piece)
        if left < 0:
            raise CaffeToolsError("Caffe reads no file of 2 GiB or more, and this would be larger")
        yield piece


def _net(name: str, layers: Iterable[NamedBlobs]) -> Iterator[bytes | memoryview]:
    yield _string("NetParameter", "name", name)
    for layer, kind, blobs in layers:
        head = _string("LayerParameter", "name", layer) + _string("LayerParameter", "type", kind)
        pieces: list[bytes | memoryview] = [head]
        for blob in blobs:
            pieces += _blob(blob)
        yield _begin("NetParameter", "layer", sum(map(len, pieces)))
        yield from pieces


def _blob(array: NDArray[Any]) -> list[bytes | memoryview]:
    """A layer's field with one blob; float32 in one piece is not copied."""
    import numpy as np

    values = np.ascontiguousarray(array, np.dtype("<f4"))
    dims = b"".join(map(varint, array.shape))
    shape = _begin("BlobShape", "dim", len(dims)) + dims
    head = _begin("BlobProto", "shape", len(shape)) + shape
    head += _begin("BlobProto", "data", values.nbytes)
    size = len(head) + values.nbytes
    return [_begin("LayerParameter", "blobs", size) + head, values.reshape(-1).view(np.uint8).data]


def _string(message: str, field: str, text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    return _begin(message, field, len(data)) + data


def _begin(message: str, field: str, length: int) -> bytes:
    """The tag and the length of a field."""
    number = schema.message(message).fields[field].number
    return tag(number, LENGTH) + varint(length)
