from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from caffetools.errors import CaffeToolsError
from caffetools.formats.datum_items import encoded_datum, raw_datum, read_datum
from caffetools.proto.encode import integer, message
from caffetools.proto.protobuf_classes import protobuf_classes

IMAGES = arrays(np.uint8, array_shapes(min_dims=3, max_dims=3, max_side=3))
SHAPE = integer(1, 1) + integer(2, 1) + integer(3, 2)


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
        message(6, struct.pack("<2f", 0.5, -1)),
        b"".join(b"\x35" + struct.pack("<f", value) for value in (0.5, -1)),
    ):
        assert read_datum(SHAPE + floats, None).values.tolist() == [[[0.5, -1.0]]]


def test_an_encoded_image() -> None:
    pytest.importorskip("PIL")
    from tests.torch.training.data.images import COLOURS, encoded

    record = encoded_datum(encoded(COLOURS), 5)
    datum = read_datum(record, True)
    assert (datum.values == COLOURS[:, :, ::-1].transpose(2, 0, 1)).all()
    assert datum.label == 5
    assert read_datum(record, False).values.shape == (1, 1, 2)


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (b"\xff\xff", "the record is no Datum"),
        (b"", r"the Datum says \(0, 0, 0\) and holds 0 values"),
        (SHAPE + message(4, b"abc"), r"the Datum says \(1, 1, 2\) and holds 3 values"),
        (SHAPE + message(6, b"abc"), "the record is no Datum"),
        (integer(1, -1) + message(4, b"a"), r"the Datum says \(-1, 0, 0\)"),
        (message(4, b"no image") + integer(7, 1), "the image cannot be decoded"),
    ],
)
def test_damaged_records(record: bytes, text: str) -> None:
    with pytest.raises(CaffeToolsError, match=text):
        read_datum(record, None)
