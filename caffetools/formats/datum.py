"""Datum: the records of Caffe's databases, read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from caffetools.errors import CaffeToolsError
from caffetools.formats.image import decode, image_size
from caffetools.proto import wire
from caffetools.proto.wire import FIXED32, LENGTH, VARINT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Field numbers of caffe.proto.
_CHANNELS, _HEIGHT, _WIDTH, _DATA, _LABEL, _FLOAT_DATA, _ENCODED = range(1, 8)


class DatumSize(NamedTuple):
    """The size of an item."""

    channels: int | None
    """None for an encoded image with a palette: whether that has colour is decided there."""
    height: int
    width: int
    encoded: bool = False
    """Whether it is an image file, which Caffe decodes in colour or in grey."""


class Datum(NamedTuple):
    """An item of shape (channels, height, width), bytes or floats, and its label."""

    values: NDArray[np.generic]
    label: int


class DatumFields:
    """The fields of a Datum; raises CaffeToolsError, which begins with `what`, for other bytes."""

    def __init__(self, record: bytes, what: str) -> None:
        self.numbers = {_CHANNELS: 0, _HEIGHT: 0, _WIDTH: 0, _LABEL: 0, _ENCODED: 0}
        self.data = b""
        self.floats: list[memoryview] = []
        buffer = memoryview(record)
        try:
            for found in wire.fields(buffer):
                if found.wire_type == VARINT and found.number in self.numbers:
                    self.numbers[found.number] = wire.signed(found.value, 32)
                elif found.wire_type == LENGTH and found.number == _DATA:
                    self.data = record[found.start : found.end]
                elif found.number == _FLOAT_DATA and found.wire_type in (LENGTH, FIXED32):
                    self.floats.append(buffer[found.start : found.end])
        except wire.WireError as error:
            raise CaffeToolsError(f"{what} is not a Datum: {error}") from None
        self.shape = (self.numbers[_CHANNELS], self.numbers[_HEIGHT], self.numbers[_WIDTH])
        self.encoded = bool(self.numbers[_ENCODED])
        self.label = self.numbers[_LABEL]

    def values(self) -> NDArray[np.generic]:
        """Return the values of an item that is not encoded, `(channels, height, width)`.

        Raises CaffeToolsError if the shape does not match the values.
        """
        import numpy as np

        values: NDArray[np.generic] = np.frombuffer(self.data, np.uint8)
        if not self.data and self.floats:
            try:
                values = np.concatenate([np.frombuffer(each, "<f4") for each in self.floats])
            except ValueError as error:
                raise CaffeToolsError(f"the record is not a Datum: {error}") from None
        channels, height, width = self.shape
        if min(self.shape) < 1 or values.size != channels * height * width:
            text = f"the shape {self.shape} of the Datum does not match {values.size} values"
            raise CaffeToolsError(text)
        return values.reshape(self.shape)


def read_datum_size(record: bytes) -> DatumSize:
    """Return the size of an item: the Datum's own or, if it is encoded, that of its image.

    Raises CaffeToolsError for a record that is neither.
    """
    fields = DatumFields(record, "the first record")
    if not fields.encoded:
        return DatumSize(*fields.shape)
    size = image_size(fields.data)
    if size is None:
        raise CaffeToolsError("the first record holds no JPEG, PNG, BMP or PNM image")
    return DatumSize(size.channels, size.height, size.width, encoded=True)


def read_datum(record: bytes, color: bool | None) -> Datum:
    """Return the item in a record; `color` says how to decode an image: see `image.decode`.

    Raises CaffeToolsError for bytes that are no Datum, and for one whose shape does not match its
    values.
    """
    fields = DatumFields(record, "the record")
    if fields.encoded:
        return Datum(decode(fields.data, color).transpose(2, 0, 1), fields.label)
    return Datum(fields.values(), fields.label)


def raw_datum(image: NDArray[np.uint8], label: int) -> bytes:
    """Encode the record of an image of shape (height, width, channels)."""
    import numpy as np

    planes = np.ascontiguousarray(image.transpose(2, 0, 1)).tobytes()
    return encoded_datum(planes, label, image.shape, encoded=0)


def encoded_datum(
    data: bytes, label: int, shape: tuple[int, ...] | None = None, *, encoded: int = 1
) -> bytes:
    """Encode the record of an image file, or with `encoded` 0 of pixels.

    With its height, width and channels, if given.
    """
    height, width, channels = shape or (0, 0, 0)
    sizes = ((_CHANNELS, channels), (_HEIGHT, height), (_WIDTH, width)) if shape else ()
    fields = wire.integer_field(_LABEL, label) + wire.integer_field(_ENCODED, encoded)
    sized = b"".join(wire.integer_field(*each) for each in sizes)
    return sized + wire.bytes_field(_DATA, data) + fields
