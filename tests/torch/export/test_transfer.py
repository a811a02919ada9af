"""Weights matched by the names of layers, and what is told of those that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import NetTemplate
from caffetools.formats.hdf5 import hdf5_caffemodel
from caffetools.formats.weights import read_weights
from caffetools.net.net import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.transfer import Transfer, blobs, transfer
from tests.torch.nets import PHASES, SHARING, drawn, stored

Blobs = dict[str, "list[NDArray[Any]]"]


def moved(text: str, found: Blobs, tmp_path: Path) -> Transfer:
    path = tmp_path / "w.caffemodel"
    path.write_bytes(stored(found))
    return transfer(assemble(from_text(text)), read_weights(path))


def messages(notes: tuple[Any, ...]) -> list[str]:
    return [note.message for note in notes]


def test_all_that_fits(tmp_path: Path) -> None:
    found = drawn(from_text(PHASES))
    result = moved(PHASES, found, tmp_path)
    assert (result.notes, result.misfits) == ((), ())
    np.testing.assert_array_equal(result.tensors["ip.weight"], found["ip"][0])
    np.testing.assert_array_equal(result.tensors["ip.bias"], found["ip"][1])


def test_four_dimensions_of_old(tmp_path: Path) -> None:
    weight = np.ones((1, 1, 3, 4), np.float32)
    bias = np.ones((1, 1, 1, 3), np.float32)
    result = moved(PHASES, {"ip": [weight, bias]}, tmp_path)
    assert {key: tensor.shape for key, tensor in result.tensors.items()} == {
        "ip.weight": (3, 4),
        "ip.bias": (3,),
    }


def test_what_does_not_match_is_told(tmp_path: Path) -> None:
    found = {**drawn(from_text(SHARING)), "gone": [np.zeros(2, np.float32)]}
    del found["half"]
    result = moved(SHARING, found, tmp_path)
    assert messages(result.notes) == [
        "the net has no layer 'gone' for these weights",
        "no weights for layer 'half': its fillers start it",
    ]


def test_of_a_shared_blob_the_last_counts(tmp_path: Path) -> None:
    found = drawn(from_text(SHARING))
    result = moved(SHARING, found, tmp_path)
    assert result.tensors.keys() == {"c.weight", "c.bias", "half_.bias"}
    np.testing.assert_array_equal(result.tensors["c.weight"], found["half"][0])
    np.testing.assert_array_equal(result.tensors["c.bias"], found["cp"][1])


def test_hdf5_leaves_out_shared_blobs(tmp_path: Path) -> None:
    """As Caffe writes it: a group without data sets for a layer that owns none (net.cpp)."""
    pytest.importorskip("h5py")
    net = from_text(SHARING)
    program = assemble(net)
    found = drawn(net)
    owned: dict[str, list[Blob | None]] = {
        layer.node.name: [
            None if param.shared else Blob(array.shape, array)
            for param, array in zip(
                program.params[layer.node.key], found[layer.node.name], strict=True
            )
        ]
        for layer in net.layers
        if layer.node.name in found
    }
    assert any(blob is None for blobs_ in owned.values() for blob in blobs_)
    path = tmp_path / "w.caffemodel.h5"
    template = NetTemplate("net", tuple((name, b"") for name in owned))
    path.write_bytes(hdf5_caffemodel(template, owned))
    result = transfer(program, read_weights(path))
    assert (result.notes, result.misfits) == ((), ())
    keys = {param.key for params in program.params.values() for param in params}
    assert result.tensors.keys() == keys
    del owned[next(name for name, blobs_ in owned.items() if None not in blobs_)][-1]
    path.write_bytes(hdf5_caffemodel(template, owned))
    assert "blobs, found" in messages(transfer(program, read_weights(path)).misfits)[0]


def test_what_caffe_would_refuse(tmp_path: Path) -> None:
    found: Blobs = {"c": [np.zeros((3, 6)), np.zeros(3)], "half": [np.zeros((3, 5))]}
    result = moved(SHARING, found, tmp_path)
    assert messages(result.misfits) == [
        "blob 0 of layer 'c' is 3 x 5, found 3 x 6",
        "layer 'half' has 2 blobs, found 1",
    ]


def test_weights_of_another_net(tmp_path: Path) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        moved(PHASES, {"other": [np.zeros(3, np.float32)]}, tmp_path)
    assert caught.value.message == "no layer of the net has weights in this file"


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "m.solverstate"
    path.write_bytes(b"\x08\x05")
    with pytest.raises(CaffeToolsError) as caught:
        transfer(assemble(from_text(PHASES)), read_weights(path))
    assert caught.value.message == "expected the weights of a net, found a .solverstate"


def test_the_way_back(tmp_path: Path) -> None:
    net = from_text(SHARING)
    result = moved(SHARING, drawn(net), tmp_path)
    layers, unused = blobs(assemble(net), {**result.tensors, "more": np.zeros(1)})
    assert [(name, kind) for name, kind, _ in layers] == [
        ("a", "Input"),
        ("c", "InnerProduct"),
        ("cp", "InnerProduct"),
        ("half", "InnerProduct"),
    ]
    np.testing.assert_array_equal(layers[1][2][0], layers[2][2][0])
    assert unused == ["more"]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, "expected a tensor 'ip.weight', found none"),
        ({"ip.weight": np.zeros((4, 3))}, "expected 3 x 4 for 'ip.weight', found 4 x 3"),
    ],
)
def test_a_state_that_does_not_fit(state: dict[str, NDArray[Any]], message: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        blobs(assemble(from_text(PHASES)), state)
    assert caught.value.message == message
