from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.formats.annotated_datum import Annotated, read_annotated
from tests.formats.files import datum, number, payload

DATUM = datum(3, 20, 30)


def group(boxes: int) -> bytes:
    return payload(3, number(1, 7) + payload(2, b"") * boxes)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (payload(1, DATUM) + number(2, 0) + group(2) + group(1), Annotated(DATUM, 3, True)),
        (payload(1, DATUM) + group(1), Annotated(DATUM, 1, False)),
        (payload(1, DATUM), Annotated(DATUM, 0, False)),
        (b"", Annotated(b"", 0, False)),
    ],
)
def test_item(record: bytes, expected: Annotated) -> None:
    assert read_annotated(record) == expected


@pytest.mark.parametrize("record", [b"\x0f", payload(1, DATUM)[:-1], payload(3, b"\x0f")])
def test_no_item(record: bytes) -> None:
    with pytest.raises(CaffeToolsError, match="the first record is not an AnnotatedDatum"):
        read_annotated(record)


@given(st.binary(max_size=80))
def test_any_bytes(record: bytes) -> None:
    try:
        item = read_annotated(record)
    except CaffeToolsError:
        return
    assert item.boxes >= 0
