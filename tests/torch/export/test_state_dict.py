"""Caffe's weights as the tensors of a module's state dict, and back."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import NetTemplate
from caffetools.formats.hdf5 import hdf5_caffemodel
from caffetools.formats.safetensors import safetensors
from caffetools.formats.weights import read_weights
from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.state_dict import (
    Transfer,
    caffe_blobs,
    read_state_dict,
    transfer_weights,
)
from tests.torch.nets import PHASES, SHARING, drawn, stored

Blobs = dict[str, "list[NDArray[Any]]"]


def moved(text: str, found: Blobs, tmp_path: Path) -> Transfer:
    path = tmp_path / "w.caffemodel"
    path.write_bytes(stored(found))
    return transfer_weights(assemble(from_text(text)), read_weights(path))


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
        "ignoring weights of the unknown layer 'gone'",
        "no weights for layer 'half'; its fillers initialise it",
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
    spec = assemble(net)
    found = drawn(net)
    owned: dict[str, list[Blob | None]] = {
        layer.node.name: [
            None if param.shared else Blob(array.shape, array)
            for param, array in zip(
                spec.params[layer.node.key], found[layer.node.name], strict=True
            )
        ]
        for layer in net.layers
        if layer.node.name in found
    }
    assert any(blob is None for blobs_ in owned.values() for blob in blobs_)
    path = tmp_path / "w.caffemodel.h5"
    template = NetTemplate("net", tuple((name, b"") for name in owned))
    path.write_bytes(hdf5_caffemodel(template, owned))
    result = transfer_weights(spec, read_weights(path))
    assert (result.notes, result.misfits) == ((), ())
    keys = {param.key for params in spec.params.values() for param in params}
    assert result.tensors.keys() == keys
    del owned[next(name for name, blobs_ in owned.items() if None not in blobs_)][-1]
    path.write_bytes(hdf5_caffemodel(template, owned))
    assert "blobs, found" in messages(transfer_weights(spec, read_weights(path)).misfits)[0]


def test_what_caffe_would_refuse(tmp_path: Path) -> None:
    found: Blobs = {"c": [np.zeros((3, 6)), np.zeros(3)], "half": [np.zeros((3, 5))]}
    result = moved(SHARING, found, tmp_path)
    assert messages(result.misfits) == [
        "blob 0 of layer 'c' expected 3 x 5, found 3 x 6",
        "layer 'half' expected 2 blobs, found 1",
    ]


def test_weights_of_another_net(tmp_path: Path) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        moved(PHASES, {"other": [np.zeros(3, np.float32)]}, tmp_path)
    assert caught.value.message == "no layer of the net has weights in this file"


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "m.solverstate"
    path.write_bytes(b"\x08\x05")
    with pytest.raises(CaffeToolsError) as caught:
        transfer_weights(assemble(from_text(PHASES)), read_weights(path))
    assert caught.value.message == "expected the weights of a net, found a .solverstate"


def test_the_way_back(tmp_path: Path) -> None:
    net = from_text(SHARING)
    result = moved(SHARING, drawn(net), tmp_path)
    layers, unused = caffe_blobs(assemble(net), {**result.tensors, "more": np.zeros(1)})
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
        caffe_blobs(assemble(from_text(PHASES)), state)
    assert caught.value.message == message


STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(2)}


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_of_torch_save(tmp_path: Path, *, zipped: bool) -> None:
    path = tmp_path / "state.pt"
    torch.save(STATE, path, _use_new_zipfile_serialization=zipped)
    found = read_state_dict(path)
    assert found["a.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["n"].dtype == np.float32


def test_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"".join(safetensors({"a": np.ones(2, np.float32)})))
    assert read_state_dict(path)["a"].tolist() == [1, 1]


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.write_text, (Path("evil"), "ran"))


def test_nothing_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("state.pt").write_bytes(pickle.dumps({"a": Evil()}))
    with pytest.raises(CaffeToolsError) as caught:
        read_state_dict("state.pt")
    assert caught.value.message.startswith("PyTorch cannot load this file")
    torch.save({"a": Evil()}, "zipped.pt")
    with pytest.raises(CaffeToolsError):
        read_state_dict("zipped.pt")
    assert not Path("evil").exists()


def test_what_is_no_state(tmp_path: Path) -> None:
    path = tmp_path / "list.pt"
    torch.save([1], path)
    with pytest.raises(CaffeToolsError) as caught:
        read_state_dict(path)
    assert caught.value.message == "expected a state dict, found list"
    path.write_bytes(b"PK\x03\x04rubbish")
    with pytest.raises(CaffeToolsError):
        read_state_dict(path)
    with pytest.raises(CaffeToolsError) as caught:
        read_state_dict(tmp_path / "none.pt")
    assert caught.value.message == "no such file"
