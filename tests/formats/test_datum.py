from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.formats.datum import Item, read_datum
from tests.formats.files import datum, encoded, jpeg, number, payload, png


@pytest.mark.parametrize(
    ("record", "item"),
    [
        (datum(3, 20, 30, b"\x00" * 1800), Item(3, 20, 30)),
        (datum(1, 28, 28), Item(1, 28, 28)),
        (b"", Item(0, 0, 0)),
        (datum(-1, 28, 28), Item(-1, 28, 28)),
        (number(1, 3) + datum(1, 2, 2), Item(1, 2, 2)),  # protobuf takes the last
        (encoded(png(30, 20)), Item(3, 20, 30, encoded=True)),
        (encoded(jpeg(30, 20, 1)), Item(1, 20, 30, encoded=True)),
        (encoded(png(30, 20, 7)), Item(None, 20, 30, encoded=True)),
        (datum(9, 9, 9) + number(7, 1) + payload(4, png(30, 20)), Item(3, 20, 30, encoded=True)),
        (datum(3, 20, 30) + payload(6, b"\x00" * 8), Item(3, 20, 30)),
    ],
)
def test_item(record: bytes, item: Item) -> None:
    assert read_datum(record) == item


@pytest.mark.parametrize(
    ("record", "fragment"),
    [
        (b"\x08", "the first record is not a Datum: the file ends inside a number"),
        (b"\x0f", "the first record is not a Datum: wire type 7"),
        (encoded(b"GIF89a"), "the first record holds no JPEG, PNG, BMP or PNM image"),
        (number(7, 1), "the first record holds no JPEG, PNG, BMP or PNM image"),
    ],
)
def test_no_item(record: bytes, fragment: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        read_datum(record)
    assert fragment in str(caught.value)


@given(st.binary(max_size=80))
def test_any_bytes(record: bytes) -> None:
    try:
        item = read_datum(record)
    except CaffeToolsError:
        return
    assert -(2**31) <= item.height < 2**31
