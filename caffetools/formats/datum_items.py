"""Datum, Caffe's message for one item of a database with its label: read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.formats.pixels import decode
from caffetools.proto import wire
from caffetools.proto.encode import integer, message
from caffetools.proto.wire import FIXED32, LENGTH, VARINT

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHANNELS, _HEIGHT, _WIDTH, _DATA, _LABEL, _FLOATS, _ENCODED = range(1, 8)


class Datum(NamedTuple):
    """An item of channels x height x width, bytes or floats, and its label."""

    values: NDArray[np.generic]
    label: int


def read_datum(record: bytes, color: bool | None) -> Datum:
    """The item in a record; an encoded image is decoded in colour, in grey, or as it is (None).

    Raises CaffeToolsError for bytes that are no Datum, or hold other than they say.
    """
    buffer = memoryview(record)
    numbers = {_CHANNELS: 0, _HEIGHT: 0, _WIDTH: 0, _LABEL: 0, _ENCODED: 0}
    data = b""
    floats: list[NDArray[np.float32]] = []
    try:
        for found in wire.fields(buffer):
            if found.wire_type == VARINT and found.number in numbers:
                numbers[found.number] = wire.signed(found.value, 32)
            elif found.wire_type == LENGTH and found.number == _DATA:
                data = record[found.start : found.end]
            elif found.number == _FLOATS and found.wire_type in (LENGTH, FIXED32):
                floats.append(np.frombuffer(buffer[found.start : found.end], "<f4"))
    except (wire.WireError, ValueError) as error:
        raise CaffeToolsError(f"the record is no Datum: {error}") from None
    if numbers[_ENCODED]:
        return Datum(decode(data, color).transpose(2, 0, 1), numbers[_LABEL])
    shape = (numbers[_CHANNELS], numbers[_HEIGHT], numbers[_WIDTH])
    values: NDArray[np.generic] = np.frombuffer(data, np.uint8)
    if not data and floats:
        values = np.concatenate(floats)
    if min(shape) < 1 or values.size != shape[0] * shape[1] * shape[2]:
        raise CaffeToolsError(f"the Datum says {shape} and holds {values.size} values")
    return Datum(values.reshape(shape), numbers[_LABEL])


def raw_datum(image: NDArray[np.uint8], label: int) -> bytes:
    """The record of an image of height x width x channels."""
    height, width, channels = image.shape
    planes = np.ascontiguousarray(image.transpose(2, 0, 1)).tobytes()
    shape = integer(_CHANNELS, channels) + integer(_HEIGHT, height) + integer(_WIDTH, width)
    return shape + message(_DATA, planes) + integer(_LABEL, label) + integer(_ENCODED, 0)


def encoded_datum(data: bytes, label: int) -> bytes:
    """The record of an image in a file's form."""
    return message(_DATA, data) + integer(_LABEL, label) + integer(_ENCODED, 1)
