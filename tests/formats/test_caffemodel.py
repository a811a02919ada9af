"""Binary files, as google.protobuf writes them, by hand, and damaged."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from caffetools.errors import CaffeToolsError
from caffetools.formats import caffemodel as writing
from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import NetTemplate, Weights, caffemodel
from caffetools.formats.inventory import layer_type
from caffetools.formats.weights import guess_kind, parse_weights, read_layers
from caffetools.proto.wire import bytes_field, integer_field, string_field
from tests.protobuf_classes import protobuf_classes
from tests.torch.training.cases import TEMPLATE


def message(kind: str, /, **fields: Any) -> bytes:
    """A message as google.protobuf writes it."""
    return protobuf_classes()[kind](**fields).SerializeToString()


def read(data: bytes, kind: str = "caffemodel") -> Weights:
    return parse_weights(memoryview(data), "net.caffemodel", kind)


def only_blob(data: bytes) -> Blob:
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
    weights = parse_weights(memoryview(data), "", "caffemodel")
    place = bytes(data).index(struct.pack("<2f", 0.5, -0.5))
    data[place : place + 4] = struct.pack("<f", 7)
    assert weights.layers[1].blobs[1].values[0] == 7


def test_v1() -> None:
    blob = {"num": 1, "channels": 1, "height": 1, "width": 2, "data": [1, 2]}
    (layer,) = read(
        message("NetParameter", layers=[{"name": "conv", "type": 4, "blobs": [blob]}])
    ).layers
    assert (layer.name, layer_type(layer)) == ("conv", "Convolution")
    assert layer.blobs[0].shape == (1, 1, 1, 2)
    assert layer.blobs[0].fits((2,))


def test_v0() -> None:
    inner = {"name": "fc", "type": "innerproduct", "blobs": [{"num": 1, "data": []}]}
    (layer,) = read(message("NetParameter", layers=[{"layer": inner, "bottom": ["x"]}])).layers
    assert (layer.name, layer_type(layer)) == ("fc", "InnerProduct")
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
    assert state.state is not None
    assert (state.state.iteration, state.state.current_step) == (500, 2)
    assert state.state.learned_net == "net_iter_500.caffemodel"
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
        (
            V2[:-3],
            "caffemodel",
            "this is not a .caffemodel, or it is cut off or damaged: field 100",
        ),
        (b"name: 'net'", "caffemodel", "this is not a .caffemodel"),
        (b"\x12\xff\xff\xff\xff\x0f", "solverstate", "claims 4294967295 bytes where 0 are left"),
        (
            message("BlobProto", shape={"dim": [2, 3]}, data=[1]),
            "binaryproto",
            "the blob has shape 2 x 3, which does not match 1 values",
        ),
        (
            message("BlobProto", shape={"dim": [2**40, 2**40]}, data=[1]),
            "binaryproto",
            "the blob has shape 1099511627776 x 1099511627776, which does not match 1 values",
        ),
        (
            message("BlobProto", shape={"dim": [-1]}, data=[1]),
            "binaryproto",
            "the blob has shape -1, which does not match 1 values",
        ),
        (
            message(
                "NetParameter",
                layer=[{"name": "a\nb", "blobs": [{"data": [1]}, {"data": [1, 2]}]}],
            ),
            "caffemodel",
            r"blob 1 of layer 'a\nb' has shape (), which does not match 2 values",
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


def written(*layers: Any, name: str = "net") -> bytes:
    return b"".join(caffemodel(name, layers))


def test_google_reads_it() -> None:
    weight, bias = np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros((), np.float32)
    net: Any = protobuf_classes()["NetParameter"]()
    net.ParseFromString(written(("ip", "InnerProduct", [weight, bias]), ("x", "ReLU", [])))
    assert net.name == "net"
    assert [(layer.name, layer.type) for layer in net.layer] == [
        ("ip", "InnerProduct"),
        ("x", "ReLU"),
    ]
    first, second = net.layer[0].blobs
    assert list(first.shape.dim) == [2, 3]
    assert list(first.data) == [0, 1, 2, 3, 4, 5]
    assert list(second.shape.dim) == []
    assert list(second.data) == [0]


blobs = st.lists(arrays(np.float32, array_shapes(min_dims=0, min_side=0)), max_size=3)


@given(st.lists(st.tuples(st.text(), st.text(), blobs), max_size=3), st.text())
def test_round_trip(layers: list[tuple[str, str, list[Any]]], name: str) -> None:
    weights = parse_weights(memoryview(written(*layers, name=name)), "", "caffemodel")
    assert weights.name == name
    for (layer, kind, arrays_), stored in zip(layers, weights.layers, strict=True):
        assert (layer, kind) == (stored.name, stored.type)
        for array, blob in zip(arrays_, stored.blobs, strict=True):
            assert blob.shape == array.shape
            assert blob.values.tobytes() == array.tobytes()


def test_other_types_and_layouts_become_float32_in_order() -> None:
    array = np.arange(6, dtype=np.float64).reshape(2, 3).T
    (layer,) = parse_weights(memoryview(written(("a", "b", [array]))), "", "caffemodel").layers
    assert layer.blobs[0].as_float32().tolist() == array.tolist()


def test_numbers_are_handed_on_uncopied() -> None:
    array = np.ones(1000, np.float32)
    pieces = list(caffemodel("net", [("a", "b", [array])]))
    assert any(np.shares_memory(np.frombuffer(piece, np.uint8), array) for piece in pieces)


def test_too_large_for_caffe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAX_BYTES", 100)
    with pytest.raises(CaffeToolsError, match="2 GiB"):
        written(("a", "b", [np.ones(30, np.float32)]))
    assert len(written(("a", "b", [np.ones(5, np.float32)]))) < 100


@given(st.lists(arrays(np.float32, array_shapes(max_dims=5, max_side=3)), max_size=3))
def test_a_template_with_blobs_is_read_back(arrays_: list[Any]) -> None:
    blobs = [Blob(array.shape, array) for array in arrays_]
    data = b"".join(TEMPLATE.with_blobs({"ip": blobs}))
    (layer,) = read(data).layers
    assert [blob.shape for blob in layer.blobs] == [blob.shape for blob in blobs]
    assert [b.values.tobytes() for b in layer.blobs] == [b.values.tobytes() for b in blobs]
    net: Any = protobuf_classes()["NetParameter"].FromString(data)
    assert (net.name, net.layer[0].name, net.layer[0].type) == ("small", "ip", "InnerProduct")
    assert [tuple(blob.shape.dim) for blob in net.layer[0].blobs] == [b.shape for b in blobs]


def test_blobs_of_other_ages() -> None:
    """Four extents instead of a shape, doubles instead of floats, V1's field numbers."""
    old = b"".join(
        integer_field(number, extent) for number, extent in ((1, 1), (2, 1), (3, 2), (4, 1))
    )
    floats = bytes_field(5, struct.pack("<2f", 1, 2))
    doubles = bytes_field(7, bytes_field(1, b"\2")) + bytes_field(8, struct.pack("<2d", 3, 4))
    layer = string_field(4, "fc") + bytes_field(6, old + floats) + bytes_field(6, doubles)
    (found,) = read(bytes_field(2, layer)).layers
    blobs = found.blobs
    assert [blob.shape for blob in blobs] == [(1, 1, 2, 1), (2,)]
    assert [blob.values.tolist() for blob in blobs] == [[1, 2], [3, 4]]


def test_a_template_is_what_a_net_has_without_blobs() -> None:
    layers = [string_field(1, name) + string_field(2, "ReLU") for name in ("a", "b")]
    data = string_field(1, "net") + b"".join(bytes_field(100, layer) for layer in layers)
    assert NetTemplate.parse(data) == NetTemplate("net", (("a", layers[0]), ("b", layers[1])))


def test_the_first_layer_of_a_name_has_the_blobs() -> None:
    twice = NetTemplate("net", TEMPLATE.layers * 2)
    data = b"".join(twice.with_blobs({"ip": [Blob((1,), np.ones(1, np.float32))]}))
    net: Any = protobuf_classes()["NetParameter"].FromString(data)
    assert [len(layer.blobs) for layer in net.layer] == [1, 0]


def test_no_file_that_caffe_could_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAX_BYTES", 100)
    blob = Blob((30,), np.zeros(30, np.float32))
    with pytest.raises(CaffeToolsError, match="2 GiB"):
        list(TEMPLATE.with_blobs({"ip": [blob]}))


def test_of_two_layers_of_a_name_the_last_with_blobs_counts(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    for given_, expected in (([[1], [2]], 2), ([[1], []], 1)):
        layers = [("a", "Bias", [np.full(1, value, np.float32) for value in v]) for v in given_]
        path.write_bytes(written(*layers))
        (blob,) = read_layers(path)["a"]
        assert blob is not None
        assert blob.values.tolist() == [expected]
