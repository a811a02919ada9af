"""What a record of a database is: a Datum, Caffe's message for one item with its label."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.errors import CaffeToolsError
from caffetools.formats.image import image_size
from caffetools.proto.wire import LENGTH, VARINT, WireError, fields, signed

_CHANNELS, _HEIGHT, _WIDTH, _DATA, _ENCODED = 1, 2, 3, 4, 7


class Item(NamedTuple):
    """The size of one item."""

    channels: int | None
    """None for an encoded image whose palette decides."""
    height: int
    width: int
    encoded: bool = False
    """Is it an image in a file's form, which Caffe decodes in colour or in grey?"""


def read_datum(record: bytes) -> Item:
    """The item that a Datum holds, by its own numbers or, if it is encoded, by its image's.

    Raises CaffeToolsError for a record that gives no item.
    """
    numbers = {_CHANNELS: 0, _HEIGHT: 0, _WIDTH: 0, _ENCODED: 0}
    data = b""
    try:
        for field in fields(memoryview(record)):
            if field.wire_type == VARINT and field.number in numbers:
                numbers[field.number] = signed(field.value, 32)
            elif field.wire_type == LENGTH and field.number == _DATA:
                data = record[field.start : field.end]
    except WireError as error:
        raise CaffeToolsError(f"the first record is not a Datum: {error}") from None
    if not numbers[_ENCODED]:
        return Item(numbers[_CHANNELS], numbers[_HEIGHT], numbers[_WIDTH])
    size = image_size(data)
    if size is None:
        raise CaffeToolsError("the first record holds no JPEG, PNG, BMP or PNM image")
    return Item(size.channels, size.height, size.width, encoded=True)
