"""BlobProto: an array and its shape, read and written as Caffe does (blob.cpp, FromProto)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError
from caffetools.proto import wire
from caffetools.proto.wire import FIXED32, FIXED64, LENGTH, VARINT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Shape = tuple[int, ...]
Piece = bytes | memoryview
"""A part of a file to write. Arrays are passed on as views, not copied."""

# Field numbers of caffe.proto.
_LEGACY_SHAPE = (1, 2, 3, 4)
"""num, channels, height, width."""
_DATA, _SHAPE, _DOUBLE_DATA, _RAW_TYPE, _RAW_DATA = 5, 7, 8, 10, 12
_DIM = 1

_ARRAYS = {_DATA: ("<f4", FIXED32), _DOUBLE_DATA: ("<f8", FIXED64)}
"""Element type of an array field, and the wire type of an element that is not packed."""
_RAW_TYPES = ("<f8", "<f4", "<f2", "<i4", "<u4")
"""Element type of NVCaffe's raw_data by its enum Type: DOUBLE, FLOAT, FLOAT16, INT, UINT."""


@dataclass(frozen=True, slots=True)
class Blob:
    """The shape and the values of a blob.

    Files of 2014 and before have four dimensions for every blob: num, channels, height, width.
    """

    shape: Shape
    values: NDArray[Any]
    """In C order, of the file's element type; a view of the file where it stores one block."""

    def fits(self, shape: Shape) -> bool:
        """Whether Caffe loads this into a blob of `shape`: dimensions of 1 are ignored."""
        return significant(self.shape) == significant(shape)

    def as_float32(self, shape: Shape | None = None) -> NDArray[np.float32]:
        """Return the values as float32 in `shape` or their own; a view if they are float32."""
        import numpy as np

        values = self.values.astype(np.dtype("<f4"), copy=False)
        return values.reshape(self.shape if shape is None else shape)


def significant(shape: Shape) -> Shape:
    """Return the dimensions that are not 1."""
    return tuple(extent for extent in shape if extent != 1)


def read_blob(buffer: memoryview, start: int, end: int, what: str = "the blob") -> Blob:
    """Read the BlobProto in `buffer[start:end]`; `what` names it in messages.

    Raises WireError for bytes that are no message, CaffeToolsError if the number of values does not
    match the shape.
    """
    reader = _ShapeReader(buffer)
    arrays: dict[int, list[NDArray[Any]]] = {}
    raw: wire.WireField | None = None
    raw_type = 0
    position = start
    while position < end:
        position, after = end, position
        for found in wire.fields(buffer, after, end):
            element, single = _ARRAYS.get(found.number, ("", -1))
            if reader.read(found):
                pass
            elif found.number == _RAW_TYPE and found.wire_type == VARINT:
                raw_type = found.value
            elif found.number == _RAW_DATA and found.wire_type == LENGTH:
                raw = found
            elif element and found.wire_type == LENGTH:
                arrays.setdefault(found.number, []).append(_packed(buffer, found, element))
            elif element and found.wire_type == single:
                run, position = _run(buffer, found, element, end)
                arrays.setdefault(found.number, []).append(run)
                break
    if raw is not None:
        element = _RAW_TYPES[raw_type] if raw_type < len(_RAW_TYPES) else _RAW_TYPES[0]
        pieces = [_packed(buffer, raw, element)]
    else:
        pieces = arrays.get(_DOUBLE_DATA) or arrays.get(_DATA) or []
    return Blob(reader.shape, _joined(reader.shape, pieces, what))


def read_blob_shape(path: str) -> Shape:
    """Read the shape of the blob in a .binaryproto, without numpy.

    Raises CaffeToolsError for a file that is no BlobProto; OSError for one that cannot be read.
    """
    with open(path, "rb") as file:
        buffer = memoryview(file.read())
    reader = _ShapeReader(buffer)
    try:
        for found in wire.fields(buffer):
            reader.read(found)
    except wire.WireError as error:
        raise CaffeToolsError(f"{path!a} holds no blob: {error}") from None
    return reader.shape


def blob_field(number: int, blob: Blob) -> list[Piece]:
    """Encode a field with a blob as float32; values that are float32 are not copied."""
    import numpy as np

    values = np.ascontiguousarray(blob.values, "<f4").reshape(-1)
    dims = b"".join(map(wire.varint, blob.shape))
    head = wire.bytes_field(_SHAPE, wire.bytes_field(_DIM, dims))
    head += wire.length_prefix(_DATA, values.nbytes)
    prefix = wire.length_prefix(number, len(head) + values.nbytes)
    return [prefix + head, values.view(np.uint8).data]


def binaryproto(blob: Blob) -> bytes:
    """Encode a blob as a file with four dimensions, the form of mean images."""
    import numpy as np

    shape = (1, 1, 1, 1, *blob.shape)[-4:]
    legacy = zip(_LEGACY_SHAPE, shape, strict=True)
    head = b"".join(wire.integer_field(number, extent) for number, extent in legacy)
    return head + wire.bytes_field(_DATA, np.ascontiguousarray(blob.values, "<f4").tobytes())


class _ShapeReader:
    """Collect the shape from the fields of a BlobProto."""

    def __init__(self, buffer: memoryview) -> None:
        self._buffer = buffer
        self._legacy: dict[int, int] = {}
        self._dims: list[int] = []

    def read(self, found: wire.WireField) -> bool:
        """Add a field; return whether it was a part of the shape."""
        if found.number in _LEGACY_SHAPE and found.wire_type == VARINT:
            self._legacy[found.number] = wire.signed(found.value, 32)
        elif found.number == _SHAPE and found.wire_type == LENGTH:
            self._dims += self._read_dims(found)
        else:
            return False
        return True

    @property
    def shape(self) -> Shape:
        """The legacy dimensions, if any is set: Caffe prefers them."""
        if self._legacy:
            return tuple(self._legacy.get(number, 0) for number in _LEGACY_SHAPE)
        return tuple(self._dims)

    def _read_dims(self, shape: wire.WireField) -> Iterator[int]:
        for found in wire.fields(self._buffer, shape.start, shape.end):
            if found.number == _DIM and found.wire_type == VARINT:
                yield wire.signed(found.value)
            elif found.number == _DIM and found.wire_type == LENGTH:
                packed = wire.packed_varints(self._buffer, found.start, found.end)
                yield from map(wire.signed, packed)


def _packed(buffer: memoryview, found: wire.WireField, element: str) -> NDArray[Any]:
    """Return the elements of a packed field, as a view."""
    import numpy as np

    dtype = np.dtype(element)
    count, rest = divmod(found.end - found.start, dtype.itemsize)
    if rest:
        raise wire.WireError(f"field {found.number} ends inside a number", found.start)
    values: NDArray[Any] = np.ndarray(count, dtype, buffer, found.start)
    return values


def _run(
    buffer: memoryview, found: wire.WireField, element: str, end: int
) -> tuple[NDArray[Any], int]:
    """Return the elements of consecutive fields with a tag each, and the position after them."""
    import numpy as np

    dtype = np.dtype(element)
    tag, stride = found.number << 3 | found.wire_type, dtype.itemsize + 1
    most = (end - found.start + 1) // stride
    tags = np.ndarray(most, np.uint8, buffer, found.start - 1, (stride,))
    count = window = 1
    # Windows grow, so that many short runs take no longer than one long run.
    while count < most:
        same = tags[count : count + window] == tag
        if not same.all():
            count += int(same.argmin())
            break
        count += same.size
        window *= 2
    values = np.ndarray(count, dtype, buffer, found.start, (stride,))
    return values, found.start + (count - 1) * stride + dtype.itemsize


def _joined(shape: Shape, pieces: list[NDArray[Any]], what: str) -> NDArray[Any]:
    """Join the values; raises CaffeToolsError unless they fill the shape."""
    import numpy as np

    pieces = pieces or [np.zeros(0, np.float32)]
    values: NDArray[Any] = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    if min(shape, default=0) < 0 or prod(shape) != values.size:
        dims = " x ".join(map(str, shape)) or "()"
        raise CaffeToolsError(f"{what} has shape {dims}, which does not match {values.size} values")
    return values
