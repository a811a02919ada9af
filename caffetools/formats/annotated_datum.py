"""AnnotatedDatum: the records of the SSD fork's databases, read and written."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

from caffetools.errors import CaffeToolsError
from caffetools.proto import wire
from caffetools.proto.wire import FIXED32, LENGTH, VARINT

# Field numbers of caffe.proto: AnnotatedDatum, AnnotationGroup, Annotation, NormalizedBBox.
_DATUM, _TYPE, _GROUP = 1, 2, 3
_GROUP_LABEL, _ANNOTATION = 1, 2
_INSTANCE, _BOX = 1, 2
_CORNERS, _DIFFICULT = (1, 2, 3, 4), 6


class Box(NamedTuple):
    """An object: its class, its number in the class, its corners in units of the image."""

    label: int
    instance: int
    xmin: float
    ymin: float
    xmax: float
    ymax: float
    difficult: bool = False


class AnnotatedDatum(NamedTuple):
    """An item of the SSD fork's databases."""

    datum: bytes
    """The encoded Datum."""
    boxes: tuple[Box, ...]
    """The objects, group by group."""
    has_type: bool
    """Whether the record says what its annotations are."""


def read_annotated_datum(record: bytes, what: str = "the first record") -> AnnotatedDatum:
    """Return the item in an AnnotatedDatum; raises CaffeToolsError for other bytes."""
    buffer = memoryview(record)
    datum, boxes, has_type = b"", list[Box](), False
    try:
        for found in wire.fields(buffer):
            if found.wire_type == LENGTH and found.number == _DATUM:
                datum = record[found.start : found.end]
            elif found.wire_type == VARINT and found.number == _TYPE:
                has_type = True
            elif found.wire_type == LENGTH and found.number == _GROUP:
                boxes += _group(buffer, found.start, found.end)
    except wire.WireError as error:
        raise CaffeToolsError(f"{what} is not an AnnotatedDatum: {error}") from None
    return AnnotatedDatum(datum, tuple(boxes), has_type)


def _group(buffer: memoryview, start: int, end: int) -> list[Box]:
    """Return the objects of an AnnotationGroup, whose label may follow them."""
    label, boxes = 0, list[Box]()
    for found in wire.fields(buffer, start, end):
        if found.wire_type == VARINT and found.number == _GROUP_LABEL:
            label = wire.signed(found.value, 32)
        elif found.wire_type == LENGTH and found.number == _ANNOTATION:
            boxes.append(_annotation(buffer, found.start, found.end))
    return [box._replace(label=label) for box in boxes]


def _annotation(buffer: memoryview, start: int, end: int) -> Box:
    instance, corners, difficult = 0, dict.fromkeys(_CORNERS, 0.0), False
    for found in wire.fields(buffer, start, end):
        if found.wire_type == VARINT and found.number == _INSTANCE:
            instance = wire.signed(found.value, 32)
        elif found.wire_type == LENGTH and found.number == _BOX:
            for inner in wire.fields(buffer, found.start, found.end):
                if inner.wire_type == FIXED32 and inner.number in _CORNERS:
                    corners[inner.number] = wire.float32(buffer, inner.start)
                elif inner.wire_type == VARINT and inner.number == _DIFFICULT:
                    difficult = bool(inner.value)
    xmin, ymin, xmax, ymax = corners.values()
    return Box(0, instance, xmin, ymin, xmax, ymax, difficult)


def annotated_datum(datum: bytes, boxes: Iterable[Box]) -> bytes:
    """Encode the record of an item whose annotations are boxes.

    As in convert_annoset, boxes of a class form a group, in the order of their first box.
    """
    groups: dict[int, bytes] = {}
    for box in boxes:
        groups[box.label] = groups.get(box.label, b"") + wire.bytes_field(
            _ANNOTATION, _encoded(box)
        )
    encoded = b"".join(
        wire.bytes_field(_GROUP, wire.integer_field(_GROUP_LABEL, label) + annotations)
        for label, annotations in groups.items()
    )
    return wire.bytes_field(_DATUM, datum) + wire.integer_field(_TYPE, 0) + encoded


def _encoded(box: Box) -> bytes:
    corners = b"".join(
        bytes([number << 3 | FIXED32]) + struct.pack("<f", value)
        for number, value in zip(_CORNERS, box[2:6], strict=True)
    )
    flag = wire.integer_field(_DIFFICULT, box.difficult)
    return wire.integer_field(_INSTANCE, box.instance) + wire.bytes_field(_BOX, corners + flag)
