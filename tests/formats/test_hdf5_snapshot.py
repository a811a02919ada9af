from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.hdf5_snapshot import (
    caffemodel,
    read_caffemodel,
    read_solverstate,
    solverstate,
)
from caffetools.formats.snapshot import Blob, NetTemplate, SolverState
from caffetools.formats.weights import read_weights

h5py = pytest.importorskip("h5py")

BLOBS = [
    Blob((2, 3), np.arange(6, dtype=np.float32).reshape(2, 3)),
    Blob((1,), np.ones(1, np.float32)),
]


def test_a_caffemodel_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel.h5"
    template = NetTemplate("net", (("a/b", b""), ("relu", b""), ("c", b"")))
    path.write_bytes(b"".join(caffemodel(template, {"a/b": BLOBS, "c": BLOBS[1:]})))
    found = read_caffemodel(str(path))
    shapes = {name: [blob and blob.shape for blob in blobs] for name, blobs in found.items()}
    assert shapes == {"a/b": [(2, 3), (1,)], "c": [(1,)]}
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
    path.write_bytes(b"".join(caffemodel(template, blobs)))
    with h5py.File(path) as file:
        assert {name: list(group) for name, group in file["data"].items()} == {
            "a": ["0", "1"],
            "b": ["1"],
            "c": [],
        }
    found = read_caffemodel(str(path))
    assert list(found) == ["a", "b"]
    assert [blob if blob is None else blob.shape for blob in found["b"]] == [None, (1,)]


@pytest.mark.parametrize("plateau", [None, (0.25, 7)])
def test_a_solverstate_is_read_back(tmp_path: Path, plateau: tuple[float, int] | None) -> None:
    path = tmp_path / "net.solverstate.h5"
    state = SolverState(12, "net.caffemodel.h5", BLOBS, 2, plateau)
    path.write_bytes(b"".join(solverstate(state)))
    found = read_solverstate(str(path))
    assert (found.iteration, found.learned_net, found.current_step) == (12, "net.caffemodel.h5", 2)
    assert found.plateau == plateau
    assert [blob.shape for blob in found.history] == [(2, 3), (1,)]
    with h5py.File(path) as file:
        kind = file["learned_net"].id.get_type()  # with the zero that ends a string of C
        assert (kind.get_size(), kind.get_strpad()) == (18, h5py.h5t.STR_NULLTERM)
        assert ("minimum_loss" in file) == ("iter_last_event" in file) == (plateau is not None)
    weights = read_weights(path)
    assert (weights.kind, weights.iteration, weights.learned_net) == (
        "solverstate",
        12,
        "net.caffemodel.h5",
    )


def test_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\nrubbish")
    with pytest.raises(CaffeToolsError, match="cannot be read as HDF5"):
        read_caffemodel(str(path))
    with h5py.File(path, "w"):
        pass
    with pytest.raises(CaffeToolsError, match="the HDF5 file has no 'data'"):
        read_caffemodel(str(path))
    with pytest.raises(CaffeToolsError, match="the HDF5 file has no 'iter'"):
        read_solverstate(str(path))
