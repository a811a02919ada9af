"""The shape of a blob in a file of its own, a BlobProto: a mean image, an infogain matrix."""

from __future__ import annotations

import os
from mmap import ACCESS_READ, mmap

from caffetools.errors import CaffeToolsError
from caffetools.proto.wire import LENGTH, VARINT, WireError, fields, packed_varints, signed

_LEGACY = (1, 2, 3, 4)
"""num, channels, height, width."""
_SHAPE, _DIM = 7, 1


def read_blob_shape(path: str) -> tuple[int, ...]:
    """The shape by which Caffe would load the blob (blob.cpp, FromProto).

    Raises CaffeToolsError for a file that is no BlobProto; OSError for one that cannot be read.
    """
    with open(path, "rb") as file:  # mapped: the blob's numbers are stepped over
        empty = os.fstat(file.fileno()).st_size == 0
        data = memoryview(b"" if empty else mmap(file.fileno(), 0, access=ACCESS_READ))
    legacy: dict[int, int] = {}
    shape: list[int] = []
    try:
        for field in fields(data):
            if field.wire_type == VARINT and field.number in _LEGACY:
                legacy[field.number] = signed(field.value, 32)
            elif field.wire_type == LENGTH and field.number == _SHAPE:
                shape += _dims(data[field.start : field.end])
    except WireError as error:
        raise CaffeToolsError(f"{path!a} holds no blob: {error}") from None
    return tuple(legacy.get(number, 0) for number in _LEGACY) if legacy else tuple(shape)


def _dims(shape: memoryview) -> list[int]:
    """The extents of a BlobShape, whether packed or one by one."""
    dims: list[int] = []
    for field in fields(shape):
        if field.number == _DIM and field.wire_type == LENGTH:
            dims += map(signed, packed_varints(shape, field.start, field.end))
        elif field.number == _DIM and field.wire_type == VARINT:
            dims.append(signed(field.value))
    return dims
