"""HDF5 files as Caffe writes them, with h5py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.weights import read_weights
from caffetools.proto.source import mapped

h5py = pytest.importorskip("h5py")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.caffemodel.h5"
    with h5py.File(path, "w") as file:
        file.create_group("data/relu")
        file["data/conv/0"] = np.arange(6, dtype=np.float32).reshape(2, 3)
        file["data/conv/1"] = np.array([0.5], np.float64)
        file["data/inception/1x1/0"] = np.ones(2, np.float32)
        file["diff/conv/0"] = np.zeros((2, 3), np.float32)
        file["data/outside"] = h5py.ExternalLink("other.h5", "/data/conv")
        file["data/again"] = h5py.SoftLink("/data/conv")
    return path


def test_caffemodel(model: Path) -> None:
    weights = read_weights(model)
    assert weights.kind == "caffemodel"
    layers = {layer.name: layer for layer in weights.layers}
    assert set(layers) == {"conv", "relu", "inception/1x1"}
    assert [blob.shape for blob in layers["conv"].blobs] == [(2, 3), (1,)]
    assert layers["conv"].blobs[0].as_float32().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert layers["conv"].blobs[1].values.dtype == np.float64


def test_numbers_are_views_of_the_file(model: Path) -> None:
    (conv,) = (layer for layer in read_weights(model).layers if layer.name == "conv")
    assert not conv.blobs[0].values.flags.owndata
    assert not conv.blobs[0].values.flags.writeable


def test_compressed_numbers(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "net.h5", "w") as file:
        values = np.arange(100, dtype=np.float32)
        file.create_dataset("data/a/0", data=values, compression="gzip")
    (layer,) = read_weights(tmp_path / "net.h5").layers
    assert layer.blobs[0].values.tolist() == values.tolist()


def test_solverstate(tmp_path: Path) -> None:
    path = tmp_path / "net.solverstate.h5"
    with h5py.File(path, "w") as file:
        file["iter"], file["current_step"] = [500], [2]  # hdf5.cpp, hdf5_save_int
        file["learned_net"] = "net_iter_500.caffemodel.h5"
        file["history/0"] = np.ones((2, 2), np.float32)
        file["history/1"] = np.zeros(3, np.float32)
    state = read_weights(path)
    assert (state.kind, state.iteration, state.current_step) == ("solverstate", 500, 2)
    assert state.learned_net == "net_iter_500.caffemodel.h5"
    assert [blob.shape for blob in state.layers[0].blobs] == [(2, 2), (3,)]


def test_groups_in_a_circle(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file["data/a/0"] = np.ones(1, np.float32)
        file["data/a/b"] = file["data/a/c"] = file["data"]
        for level in range(40):
            inner = file.require_group(f"deep/{level}")
            inner["left"] = inner["right"] = file.require_group(f"deep/{level + 1}")
        file["data/z"] = file["deep"]
    names = [layer.name for layer in read_weights(tmp_path / "net.h5").layers]
    assert names[0] == "a"
    assert len(names) < 100


@pytest.mark.parametrize("size", [100, 1000, 3000])
def test_cut_off(model: Path, size: int) -> None:
    data = model.read_bytes()[:size]
    model.write_bytes(data)
    with pytest.raises(CaffeToolsError, match="the HDF5 file is damaged"):
        read_weights(model)


def test_something_else(tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as file:
        file["numbers"] = 3
    with pytest.raises(CaffeToolsError, match="holds neither weights nor the state of a solver"):
        read_weights(path)
    with h5py.File(path, "w") as file:
        file["data/a/0"] = "text"
    with pytest.raises(CaffeToolsError, match="holds no numbers"):
        read_weights(path)
    assert bytes(mapped(path)[1:4]) == b"HDF"
