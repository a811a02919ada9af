"""Binary files, as google.protobuf writes them, by hand, and damaged."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.formats.caffemodel import guess_kind, parse
from caffetools.formats.stored import StoredBlob, Weights
from caffetools.proto.protobuf_classes import protobuf_classes


def message(kind: str, /, **fields: Any) -> bytes:
    """A message as google.protobuf writes it."""
    return protobuf_classes()[kind](**fields).SerializeToString()


def read(data: bytes, kind: str = "caffemodel") -> Weights:
    return parse(memoryview(data), "net.caffemodel", kind)


def only_blob(data: bytes) -> StoredBlob:
    (layer,) = read(data, "binaryproto").layers
    (blob,) = layer.blobs
    return blob


V2 = message(
    "NetParameter",
    name="net",
    layer=[
        {"name": "data", "type": "Data", "top": ["data"]},
        {
            "name": "ip",
            "type": "InnerProduct",
            "blobs": [
                {"shape": {"dim": [2, 3]}, "data": [0, 1, 2, 3, 4, 5], "diff": [9] * 6},
                {"shape": {"dim": [2]}, "data": [0.5, -0.5]},
            ],
        },
    ],
)


def test_v2() -> None:
    weights = read(V2)
    assert (weights.path, weights.kind, weights.name) == ("net.caffemodel", "caffemodel", "net")
    data, ip = weights.layers
    assert (data.name, data.type, data.blobs) == ("data", "Data", ())
    assert (ip.name, ip.type) == ("ip", "InnerProduct")
    assert [blob.shape for blob in ip.blobs] == [(2, 3), (2,)]
    assert ip.blobs[0].as_float32().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert ip.blobs[1].values.tolist() == [0.5, -0.5]


def test_numbers_are_views_of_the_buffer() -> None:
    data = bytearray(V2)
    weights = parse(memoryview(data), "", "caffemodel")
    place = bytes(data).index(struct.pack("<2f", 0.5, -0.5))
    data[place : place + 4] = struct.pack("<f", 7)
    assert weights.layers[1].blobs[1].values[0] == 7


def test_v1() -> None:
    blob = {"num": 1, "channels": 1, "height": 1, "width": 2, "data": [1, 2]}
    (layer,) = read(
        message("NetParameter", layers=[{"name": "conv", "type": 4, "blobs": [blob]}])
    ).layers
    assert (layer.name, layer.type) == ("conv", "Convolution")
    assert layer.blobs[0].shape == (1, 1, 1, 2)
    assert layer.blobs[0].fits((2,))


def test_v0() -> None:
    inner = {"name": "fc", "type": "innerproduct", "blobs": [{"num": 1, "data": []}]}
    (layer,) = read(message("NetParameter", layers=[{"layer": inner, "bottom": ["x"]}])).layers
    assert (layer.name, layer.type) == ("fc", "InnerProduct")
    # extents that an old file does not give are 0
    assert layer.blobs[0].shape == (1, 0, 0, 0)


def test_a_fork_type_keeps_its_name() -> None:
    (layer,) = read(message("NetParameter", layer=[{"name": "a", "type": "Mine"}])).layers
    assert layer.type == "Mine"


@pytest.mark.parametrize(
    ("fields", "kind", "values"),
    [
        ({"double_data": [0.1, 0.2]}, "<f8", [0.1, 0.2]),
        ({"raw_data_type": 0, "raw_data": struct.pack("<2d", 0.1, 0.2)}, "<f8", [0.1, 0.2]),
        ({"raw_data_type": 1, "raw_data": struct.pack("<2f", 0.5, 2)}, "<f4", [0.5, 2]),
        ({"raw_data_type": 2, "raw_data": struct.pack("<2e", 0.5, 2)}, "<f2", [0.5, 2]),
        ({"raw_data_type": 3, "raw_data": struct.pack("<2i", -5, 2)}, "<i4", [-5, 2]),
        ({"double_data": [3, 4], "data": [1, 2]}, "<f8", [3, 4]),
    ],
)
def test_types_of_numbers(fields: dict[str, Any], kind: str, values: list[float]) -> None:
    blob = only_blob(message("BlobProto", shape={"dim": [2]}, **fields))
    assert blob.values.dtype == np.dtype(kind)
    assert blob.values.tolist() == values


def test_a_scalar_has_no_shape_at_all() -> None:
    assert only_blob(message("BlobProto", data=[3])).shape == ()


def unpacked(values: list[float]) -> bytes:
    return b"".join(b"\x2d" + struct.pack("<f", value) for value in values)


SHAPE = b"\x3a\x03\x0a\x01"
"""The beginning of a shape of one extent."""


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
def test_numbers_with_a_tag_each(count: int) -> None:
    # 1.8e-10 has bytes that look like tags
    values = np.arange(count, dtype=np.float32) + np.float32(1.8e-10)
    for data in (
        SHAPE + bytes([count]) + unpacked(values.tolist()),
        unpacked(values.tolist()) + SHAPE + bytes([count]),
    ):
        assert only_blob(data).values.tolist() == values.tolist()


@given(st.lists(st.lists(st.floats(width=32, allow_nan=False), max_size=9), max_size=4), st.data())
def test_numbers_in_pieces(pieces: list[list[float]], data: st.DataObject) -> None:
    written, flat = b"", [value for piece in pieces for value in piece]
    for piece in pieces:
        packed = data.draw(st.booleans())
        numbers = struct.pack(f"<{len(piece)}f", *piece)
        written += b"\x2a" + bytes([len(numbers)]) + numbers if packed else unpacked(piece)
        written += data.draw(st.sampled_from([b"", b"\x35\x00\x00\x00\x00"]))
    blob = only_blob(written + SHAPE + bytes([len(flat)]))
    assert blob.values.tolist() == flat


def test_solverstate() -> None:
    state = read(
        message(
            "SolverState",
            iter=500,
            learned_net="net_iter_500.caffemodel",
            current_step=2,
            history=[{"shape": {"dim": [2]}, "data": [1, 2]}, {"data": [3]}],
        ),
        "solverstate",
    )
    assert (state.iteration, state.current_step) == (500, 2)
    assert state.learned_net == "net_iter_500.caffemodel"
    assert [blob.values.tolist() for blob in state.layers[0].blobs] == [[1, 2], [3]]


@pytest.mark.parametrize(
    ("name", "fields", "kind"),
    [
        ("NetParameter", {"name": "a"}, "caffemodel"),
        ("NetParameter", {"layer": [{"name": "a"}]}, "caffemodel"),
        ("NetParameter", {"layers": [{"name": "a"}]}, "caffemodel"),
        ("BlobProto", {"num": 1, "channels": 3, "data": [1]}, "binaryproto"),
        ("BlobProto", {"shape": {"dim": [1]}, "data": [1]}, "binaryproto"),
        ("SolverState", {"iter": 1, "history": [{"data": [1]}]}, "solverstate"),
        ("SolverState", {"iter": 1, "learned_net": "a"}, "solverstate"),
    ],
)
def test_kinds(name: str, fields: dict[str, Any], kind: str) -> None:
    assert guess_kind(memoryview(message(name, **fields))) == kind


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        (V2[:-3], "caffemodel", "this is no .caffemodel, or it is cut off or damaged: field 100"),
        (b"name: 'net'", "caffemodel", "this is no .caffemodel"),
        (b"\x12\xff\xff\xff\xff\x0f", "solverstate", "claims 4294967295 bytes where 0 are left"),
        (
            message("BlobProto", shape={"dim": [2, 3]}, data=[1]),
            "binaryproto",
            "the blob has the shape 2 x 3 and 1 numbers",
        ),
        (
            message("BlobProto", shape={"dim": [2**40, 2**40]}, data=[1]),
            "binaryproto",
            "the blob has the shape 1099511627776 x 1099511627776 and 1 numbers",
        ),
        (
            message("BlobProto", shape={"dim": [-1]}, data=[1]),
            "binaryproto",
            "the blob has the shape -1 and 1 numbers",
        ),
        (
            message(
                "NetParameter",
                layer=[{"name": "a\nb", "blobs": [{"data": [1]}, {"data": [1, 2]}]}],
            ),
            "caffemodel",
            r"blob 1 of layer 'a\nb' has the shape scalar and 2 numbers",
        ),
        (
            message("SolverState", history=[{"data": [1, 2]}]),
            "solverstate",
            "blob 0 of the history",
        ),
        (b"\x2a\x03abc", "binaryproto", "field 5 ends inside a number"),
    ],
)
def test_what_is_damaged(data: bytes, kind: str, text: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        read(data, kind)
    assert text in caught.value.message
    assert str(caught.value).startswith("net.caffemodel: ")
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=100), st.sampled_from(["caffemodel", "binaryproto", "solverstate"]))
def test_any_bytes_are_read_or_refused(data: bytes, kind: str) -> None:
    guess_kind(memoryview(data))
    try:
        read(data, kind)
    except CaffeToolsError:
        return


@given(st.integers(0, len(V2) - 1), st.integers(0, 255))
def test_one_wrong_byte(place: int, byte: int) -> None:
    try:
        weights = read(V2[:place] + bytes([byte]) + V2[place + 1 :])
    except CaffeToolsError:
        return
    assert all(len(layer.blobs) <= 2 for layer in weights.layers)
