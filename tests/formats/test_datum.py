from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from caffetools.errors import CaffeToolsError
from caffetools.formats.datum import (
    DatumSize,
    encoded_datum,
    raw_datum,
    read_datum,
    read_datum_size,
)
from caffetools.proto.wire import bytes_field, integer_field
from tests.formats.files import datum, encoded, jpeg, number, payload, png
from tests.protobuf_classes import protobuf_classes


@pytest.mark.parametrize(
    ("record", "size"),
    [
        (datum(3, 20, 30, b"\x00" * 1800), DatumSize(3, 20, 30)),
        (datum(1, 28, 28), DatumSize(1, 28, 28)),
        (b"", DatumSize(0, 0, 0)),
        (datum(-1, 28, 28), DatumSize(-1, 28, 28)),
        (number(1, 3) + datum(1, 2, 2), DatumSize(1, 2, 2)),  # protobuf takes the last
        (encoded(png(30, 20)), DatumSize(3, 20, 30, encoded=True)),
        (encoded(jpeg(30, 20, 1)), DatumSize(1, 20, 30, encoded=True)),
        (encoded(png(30, 20, 7)), DatumSize(None, 20, 30, encoded=True)),
        (
            datum(9, 9, 9) + number(7, 1) + payload(4, png(30, 20)),
            DatumSize(3, 20, 30, encoded=True),
        ),
        (datum(3, 20, 30) + payload(6, b"\x00" * 8), DatumSize(3, 20, 30)),
    ],
)
def test_size(record: bytes, size: DatumSize) -> None:
    assert read_datum_size(record) == size


@pytest.mark.parametrize(
    ("record", "fragment"),
    [
        (b"\x08", "the first record is not a Datum: the file ends inside a number"),
        (b"\x0f", "the first record is not a Datum: wire type 7"),
        (encoded(b"GIF89a"), "the first record holds no JPEG, PNG, BMP or PNM image"),
        (number(7, 1), "the first record holds no JPEG, PNG, BMP or PNM image"),
    ],
)
def test_no_size(record: bytes, fragment: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        read_datum_size(record)
    assert fragment in str(caught.value)


@given(st.binary(max_size=80))
def test_any_bytes(record: bytes) -> None:
    try:
        item = read_datum_size(record)
    except CaffeToolsError:
        return
    assert -(2**31) <= item.height < 2**31


IMAGES = arrays(np.uint8, array_shapes(min_dims=3, max_dims=3, max_side=3))
SHAPE = integer_field(1, 1) + integer_field(2, 1) + integer_field(3, 2)


@given(IMAGES, st.integers(-(2**31), 2**31 - 1))
def test_a_raw_datum_is_read_back(image: np.ndarray, label: int) -> None:
    record = raw_datum(image, label)
    datum = read_datum(record, None)
    assert (datum.values == image.transpose(2, 0, 1)).all()
    assert datum.label == label
    parsed: object = protobuf_classes()["Datum"].FromString(record)
    assert getattr(parsed, "label", None) == label
    assert getattr(parsed, "channels", None) == image.shape[2]


def test_floats() -> None:
    for floats in (
        bytes_field(6, struct.pack("<2f", 0.5, -1)),
        b"".join(b"\x35" + struct.pack("<f", value) for value in (0.5, -1)),
    ):
        assert read_datum(SHAPE + floats, None).values.tolist() == [[[0.5, -1.0]]]


def test_an_encoded_image() -> None:
    pytest.importorskip("PIL")
    from tests.torch.training.data.images import COLOURS
    from tests.torch.training.data.images import encoded as encoded_image

    record = encoded_datum(encoded_image(COLOURS), 5)
    datum = read_datum(record, True)
    assert (datum.values == COLOURS[:, :, ::-1].transpose(2, 0, 1)).all()
    assert datum.label == 5
    assert read_datum(record, False).values.shape == (1, 1, 2)


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (b"\xff\xff", "the record is not a Datum"),
        (b"", r"the shape \(0, 0, 0\) of the Datum does not match 0 values"),
        (
            SHAPE + bytes_field(4, b"abc"),
            r"the shape \(1, 1, 2\) of the Datum does not match 3 values",
        ),
        (SHAPE + bytes_field(6, b"abc"), "the record is not a Datum"),
        (integer_field(1, -1) + bytes_field(4, b"a"), r"the shape \(-1, 0, 0\) of the Datum"),
        (bytes_field(4, b"no image") + integer_field(7, 1), "the image cannot be decoded"),
    ],
)
def test_damaged_records(record: bytes, text: str) -> None:
    with pytest.raises(CaffeToolsError, match=text):
        read_datum(record, None)
