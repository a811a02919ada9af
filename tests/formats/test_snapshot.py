from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from caffetools.errors import CaffeToolsError
from caffetools.formats import snapshot as caffe_files
from caffetools.formats.snapshot import (
    Blob,
    NetTemplate,
    SolverState,
    binaryproto,
    caffemodel,
    read_blob,
    read_caffemodel,
    read_solverstate,
    solverstate,
)
from caffetools.proto.encode import integer, message, string
from caffetools.proto.protobuf_classes import protobuf_classes
from tests.torch.training.cases import TEMPLATE

BLOBS = arrays(np.float32, array_shapes(max_dims=5, max_side=3)).map(
    lambda array: Blob(array.shape, array)
)


def parsed(name: str, data: bytes) -> Any:
    """A message as google.protobuf reads it."""
    return protobuf_classes()[name].FromString(data)


def all_same(some: Sequence[Blob], others: Sequence[Blob]) -> bool:
    return len(some) == len(others) and all(map(same, some, others))


def same(one: Blob, other: Blob) -> bool:
    return (
        one.shape == other.shape
        and np.ravel(one.values).tobytes() == np.ravel(other.values).tobytes()
    )


@given(st.lists(BLOBS, max_size=3))
def test_a_caffemodel_is_read_back(blobs: list[Blob]) -> None:
    data = b"".join(caffemodel(TEMPLATE, {"ip": blobs}))
    (found,) = read_caffemodel(data).values()
    assert all_same(blobs, found)
    net = parsed("NetParameter", data)
    assert (net.name, net.layer[0].name, net.layer[0].type) == ("small", "ip", "InnerProduct")
    assert [tuple(blob.shape.dim) for blob in net.layer[0].blobs] == [b.shape for b in blobs]


@given(
    st.integers(0, 2**31 - 1),
    st.lists(BLOBS, max_size=3),
    st.none() | st.tuples(st.floats(width=32, allow_nan=False), st.integers(0, 2**31 - 1)),
)
def test_a_solverstate_is_read_back(
    iteration: int, history: list[Blob], plateau: tuple[float, int] | None
) -> None:
    data = b"".join(solverstate(SolverState(iteration, "net.caffemodel", history, 3, plateau)))
    found = read_solverstate(data)
    assert (found.iteration, found.learned_net, found.current_step) == (
        iteration,
        "net.caffemodel",
        3,
    )
    assert found.plateau == plateau
    assert all_same(history, found.history)
    state = parsed("SolverState", data)
    assert (state.iter, state.current_step, len(state.history)) == (iteration, 3, len(history))


def test_blobs_of_other_ages() -> None:
    """Four extents instead of a shape, doubles instead of floats, V1's field numbers."""
    old = b"".join(integer(number, extent) for number, extent in ((1, 1), (2, 1), (3, 2), (4, 1)))
    floats = message(5, struct.pack("<2f", 1, 2))
    doubles = message(7, message(1, b"\2")) + message(8, struct.pack("<2d", 3, 4))
    layer = string(4, "fc") + message(6, old + floats) + message(6, doubles)
    (blobs,) = read_caffemodel(message(2, layer)).values()
    assert [blob.shape for blob in blobs] == [(1, 1, 2, 1), (2,)]
    assert [blob.values.tolist() for blob in blobs] == [[1, 2], [3, 4]]


def test_a_template_is_what_a_net_has_without_blobs() -> None:
    layers = [string(1, name) + string(2, "ReLU") for name in ("a", "b")]
    data = string(1, "net") + b"".join(message(100, layer) for layer in layers)
    assert NetTemplate.parse(data) == NetTemplate("net", (("a", layers[0]), ("b", layers[1])))


def test_the_first_layer_of_a_name_has_the_blobs() -> None:
    twice = NetTemplate("net", TEMPLATE.layers * 2)
    data = b"".join(caffemodel(twice, {"ip": [Blob((1,), np.ones(1, np.float32))]}))
    net = parsed("NetParameter", data)
    assert [len(layer.blobs) for layer in net.layer] == [1, 0]


def test_no_file_that_caffe_could_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caffe_files, "MOST_BYTES", 100)
    blob = Blob((30,), np.zeros(30, np.float32))
    with pytest.raises(CaffeToolsError, match="2 GiB"):
        caffemodel(TEMPLATE, {"ip": [blob]})


@given(BLOBS.filter(lambda blob: len(blob.shape) <= 4))
def test_binaryproto(blob: Blob) -> None:
    found = read_blob(binaryproto(blob))
    assert found.shape == (1, 1, 1, 1, *blob.shape)[-4:]
    assert found.values.tobytes() == np.ravel(blob.values).tobytes()


@pytest.mark.parametrize("read", [read_caffemodel, read_solverstate, read_blob])
@pytest.mark.parametrize("data", [b"\xff\xff", b"\x0a\x7fabc", b"not protobuf at all"])
def test_damaged_files(read: Callable[[bytes], object], data: bytes) -> None:
    with pytest.raises(CaffeToolsError, match="or it is cut off"):
        read(data)


@pytest.mark.parametrize(
    ("blob", "text"),
    [
        (message(7, message(1, b"\3")) + message(5, b"\0" * 8), "shape (3,) holds 2 numbers"),
        (message(7, message(1, b"\1")) + message(5, b"\0" * 5), "ends inside a number"),
    ],
)
def test_blobs_whose_numbers_do_not_fill_them(blob: bytes, text: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        read_solverstate(message(3, blob))
    assert text in caught.value.message
