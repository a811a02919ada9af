"""HDF5 files as Caffe writes them, with h5py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import NetTemplate
from caffetools.formats.hdf5 import dataset_shapes, hdf5_caffemodel, hdf5_solverstate
from caffetools.formats.solverstate import SolverState
from caffetools.formats.weights import read_layers, read_weights
from caffetools.proto.source import mapped


@pytest.fixture
def path(tmp_path: Path) -> str:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file.create_dataset("data", (10, 3, 8, 8), "f4")
        file.create_dataset("label", (10,), "i4")
        file.create_dataset("byte", (10, 1), "u1")
        file.create_dataset("flag", (10,), "?")
        file["word"] = "text"
        file["scalar"] = 1.0
        file.create_group("group")
        file["broken"] = h5py.ExternalLink("elsewhere.h5", "/data")
    return str(tmp_path / "rows.h5")


def test_shapes(path: str) -> None:
    assert dataset_shapes(path, ("data", "byte", "label")) == [(10, 3, 8, 8), (10, 1), (10,)]


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("elsewhere", "the HDF5 file has no dataset 'elsewhere'"),
        ("group", "the HDF5 file has no dataset 'group'"),
        ("broken", "the HDF5 file has no dataset 'broken'"),
        ("word", "the dataset 'word' holds object, not numbers"),
        ("flag", "the dataset 'flag' holds bool, not numbers"),
        ("scalar", "the dataset 'scalar' is a scalar"),
        ("a\0b", ""),
        ("\udc80", ""),
        ("", ""),
    ],
)
def test_what_caffe_would_not_load(path: str, name: str, fragment: str) -> None:
    with pytest.raises(CaffeToolsError) as caught:
        dataset_shapes(path, (name,))
    assert fragment in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"not HDF5", b"\x89HDF\r\n\x1a\n" + b"\0" * 100])
def test_another_file(tmp_path: Path, data: bytes) -> None:
    pytest.importorskip("h5py")
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(CaffeToolsError, match="cannot be read as HDF5"):
        dataset_shapes(str(tmp_path / "file"), ("data",))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch, path: Any) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match="h5py"):
        dataset_shapes(path, ("data",))


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
    assert state.state is not None
    assert (state.kind, state.state.iteration, state.state.current_step) == ("solverstate", 500, 2)
    assert state.state.learned_net == "net_iter_500.caffemodel.h5"
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


h5py = pytest.importorskip("h5py")

BLOBS = [
    Blob((2, 3), np.arange(6, dtype=np.float32).reshape(2, 3)),
    Blob((1,), np.ones(1, np.float32)),
]


def test_a_caffemodel_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel.h5"
    template = NetTemplate("net", (("a/b", b""), ("relu", b""), ("c", b"")))
    path.write_bytes(hdf5_caffemodel(template, {"a/b": BLOBS, "c": BLOBS[1:]}))
    found = read_layers(path)
    shapes = {name: [blob and blob.shape for blob in blobs] for name, blobs in found.items()}
    assert shapes == {"a/b": [(2, 3), (1,)], "c": [(1,)], "relu": []}
    assert found["a/b"][0] is not None
    assert found["a/b"][0].values.tolist() == [0, 1, 2, 3, 4, 5]
    with h5py.File(path) as file:
        assert sorted(file["data"]) == ["a", "c", "relu"]  # a group for layers without blobs, too
    assert len(read_weights(path).layers) == 3


def test_a_shared_blob_leaves_its_place_empty(tmp_path: Path) -> None:
    """Caffe's: the names of data sets are places among the blobs of the layer."""
    path = tmp_path / "net.caffemodel.h5"
    template = NetTemplate("net", (("a", b""), ("b", b""), ("c", b"")))
    blobs: dict[str, list[Blob | None]] = {"a": [*BLOBS], "b": [None, BLOBS[1]], "c": [None, None]}
    path.write_bytes(hdf5_caffemodel(template, blobs))
    with h5py.File(path) as file:
        assert {name: list(group) for name, group in file["data"].items()} == {
            "a": ["0", "1"],
            "b": ["1"],
            "c": [],
        }
    found = read_layers(path)
    assert [name for name, blobs in found.items() if blobs] == ["a", "b"]
    assert [blob if blob is None else blob.shape for blob in found["b"]] == [None, (1,)]


@pytest.mark.parametrize("plateau", [None, (0.25, 7)])
def test_a_solverstate_is_read_back(tmp_path: Path, plateau: tuple[float, int] | None) -> None:
    path = tmp_path / "net.solverstate.h5"
    state = SolverState(12, "net.caffemodel.h5", BLOBS, 2, plateau)
    path.write_bytes(hdf5_solverstate(state))
    found = read_weights(path).state
    assert found is not None
    assert (found.iteration, found.learned_net, found.current_step) == (12, "net.caffemodel.h5", 2)
    assert found.plateau == plateau
    assert [blob.shape for blob in found.history] == [(2, 3), (1,)]
    with h5py.File(path) as file:
        kind = file["learned_net"].id.get_type()  # with the zero that ends a string of C
        assert (kind.get_size(), kind.get_strpad()) == (18, h5py.h5t.STR_NULLTERM)
        assert ("minimum_loss" in file) == ("iter_last_event" in file) == (plateau is not None)


def test_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\nrubbish")
    with pytest.raises(CaffeToolsError, match="the HDF5 file is damaged"):
        read_layers(path)
    with h5py.File(path, "w") as file:
        file.create_group("history")
    with pytest.raises(CaffeToolsError, match="the HDF5 file has no dataset 'iter'"):
        read_weights(path)
    with h5py.File(path, "w") as file:
        file.create_group("data")
    with pytest.raises(CaffeToolsError, match=r"expected a \.solverstate, found a \.caffemodel"):
        read_weights(path, "solverstate")


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    """A data set without storage reads as zeros of any size."""
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("data/conv1/0", (1 << 30,), "f4", chunks=(1 << 20,))
    size = path.stat().st_size
    assert size < 10_000
    with pytest.raises(CaffeToolsError) as caught:
        read_layers(path)
    assert str(caught.value) == (
        f"{path}: expected at most 268,435,456 bytes of numbers in a file of {size:,} bytes, "
        "found 4,294,967,296"
    )
