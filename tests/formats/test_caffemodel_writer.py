"""What is written is read, by ourselves and by google.protobuf."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from caffetools.errors import CaffeToolsError
from caffetools.formats import caffemodel_writer as writing
from caffetools.formats.caffemodel import parse
from caffetools.formats.caffemodel_writer import caffemodel
from caffetools.proto.protobuf_classes import protobuf_classes


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
    weights = parse(memoryview(written(*layers, name=name)), "", "caffemodel")
    assert weights.name == name
    for (layer, kind, arrays_), stored in zip(layers, weights.layers, strict=True):
        assert (layer, kind) == (stored.name, stored.type)
        for array, blob in zip(arrays_, stored.blobs, strict=True):
            assert blob.shape == array.shape
            assert blob.values.tobytes() == array.tobytes()


def test_other_types_and_layouts_become_float32_in_order() -> None:
    array = np.arange(6, dtype=np.float64).reshape(2, 3).T
    (layer,) = parse(memoryview(written(("a", "b", [array]))), "", "caffemodel").layers
    assert layer.blobs[0].as_float32().tolist() == array.tolist()


def test_numbers_are_handed_on_uncopied() -> None:
    array = np.ones(1000, np.float32)
    pieces = list(caffemodel("net", [("a", "b", [array])]))
    assert any(np.shares_memory(np.frombuffer(piece, np.uint8), array) for piece in pieces)


def test_too_large_for_caffe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_BYTES", 100)
    with pytest.raises(CaffeToolsError, match="2 GiB"):
        written(("a", "b", [np.ones(30, np.float32)]))
    assert len(written(("a", "b", [np.ones(5, np.float32)]))) < 100
