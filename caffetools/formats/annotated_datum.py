"""What a record of an SSD database is: an AnnotatedDatum, an item with its boxes."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.errors import CaffeToolsError
from caffetools.proto.wire import LENGTH, VARINT, WireError, fields

_DATUM, _TYPE, _GROUP = 1, 2, 3
_ANNOTATION = 2
"""In an AnnotationGroup."""


class Annotated(NamedTuple):
    """One item."""

    datum: bytes
    """The Datum, as it stands in the record."""
    boxes: int
    has_type: bool
    """Does the record say what its annotations are?"""


def read_annotated(record: bytes) -> Annotated:
    """The item that an AnnotatedDatum holds; raises CaffeToolsError for anything else."""
    buffer = memoryview(record)
    datum, boxes, has_type = b"", 0, False
    try:
        for field in fields(buffer):
            if field.wire_type == LENGTH and field.number == _DATUM:
                datum = record[field.start : field.end]
            elif field.wire_type == VARINT and field.number == _TYPE:
                has_type = True
            elif field.wire_type == LENGTH and field.number == _GROUP:
                group = fields(buffer, field.start, field.end)
                boxes += sum(inner.number == _ANNOTATION for inner in group)
    except WireError as error:
        raise CaffeToolsError(f"the first record is not an AnnotatedDatum: {error}") from None
    return Annotated(datum, boxes, has_type)
