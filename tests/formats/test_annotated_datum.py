from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.formats.annotated_datum import (
    AnnotatedDatum,
    Box,
    annotated_datum,
    read_annotated_datum,
)
from tests.formats.files import datum, number, payload

DATUM = datum(3, 20, 30)
NOWHERE = (0.0, 0.0, 0.0, 0.0)


def group(boxes: int) -> bytes:
    return payload(3, payload(2, b"") * boxes + number(1, 7))


@pytest.mark.parametrize(
    ("record", "boxes", "has_type"),
    [
        (payload(1, DATUM) + number(2, 0) + group(2) + group(1), 3, True),
        (payload(1, DATUM) + group(1), 1, False),
        (payload(1, DATUM), 0, False),
    ],
)
def test_an_item(record: bytes, boxes: int, has_type: bool) -> None:
    """The label of a group may follow its annotations; what an annotation lacks is 0."""
    expected = AnnotatedDatum(DATUM, (Box(7, 0, *NOWHERE),) * boxes, has_type)
    assert read_annotated_datum(record) == expected


def test_no_bytes() -> None:
    assert read_annotated_datum(b"") == AnnotatedDatum(b"", (), False)


@pytest.mark.parametrize("record", [b"\x0f", payload(1, DATUM)[:-1], payload(3, b"\x0f")])
def test_no_item(record: bytes) -> None:
    with pytest.raises(CaffeToolsError, match="the first record is not an AnnotatedDatum"):
        read_annotated_datum(record)


@given(st.binary(max_size=80))
def test_any_bytes(record: bytes) -> None:
    try:
        item = read_annotated_datum(record)
    except CaffeToolsError:
        return
    assert all(len(box) == 7 for box in item.boxes)


def grouped(boxes: list[Box]) -> list[Box]:
    """Boxes of a class together, in the order of their first box."""
    labels = list(dict.fromkeys(box.label for box in boxes))
    return sorted(boxes, key=lambda box: labels.index(box.label))


units = st.floats(0, 1, width=32)
small = st.integers(-(2**31), 2**31 - 1)


@given(st.lists(st.builds(Box, small, small, units, units, units, units, st.booleans())))
def test_boxes_are_read_as_they_were_written(boxes: list[Box]) -> None:
    record = annotated_datum(DATUM, boxes)
    assert read_annotated_datum(record) == AnnotatedDatum(DATUM, tuple(grouped(boxes)), True)


def test_a_group_for_each_class() -> None:
    """As protobuf's own classes read it."""
    from tests.protobuf_classes import protobuf_classes

    classes = protobuf_classes()
    boxes = [Box(2, 0, 0.25, 0.5, 0.75, 1), Box(1, 0, 0, 0, 1, 1), Box(2, 1, 0, 0, 0.5, 0.5, True)]
    message: Any = classes["AnnotatedDatum"].FromString(annotated_datum(DATUM, boxes))
    assert [each.group_label for each in message.annotation_group] == [2, 1]
    second = message.annotation_group[0].annotation[1]
    assert (second.instance_id, second.bbox.ymax, second.bbox.difficult) == (1, 0.5, True)
    assert message.datum.height == 20
