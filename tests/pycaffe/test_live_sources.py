from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.live_nets import live

MEMORY = (
    'layer { name: "m" type: "MemoryData" top: "x" top: "t" '
    "memory_data_param { batch_size: 2 channels: 1 height: 1 width: 3 } }\n"
)
HDF5 = (
    'layer { name: "h" type: "HDF5Data" top: "x" top: "t" '
    'hdf5_data_param { source: "list.txt" batch_size: 2 } }\n'
)


def arrays(count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    data = np.arange(count * 3, dtype=np.float32).reshape(count, 1, 1, 3)
    return data, np.arange(count, dtype=np.float32)


def test_arrays_in_memory_go_round(tmp_path: Path) -> None:
    net = live(tmp_path, MEMORY)
    data, labels = arrays()
    net.set_input_arrays(data, labels)
    seen = [net.forward()["t"].tolist() for _ in range(3)]
    assert seen == [[0, 1], [2, 3], [0, 1]]
    data[2] = 7  # the arrays are not copied
    net.forward()
    assert net.blobs["x"].data.reshape(2, 3).tolist() == [[7, 7, 7], [9, 10, 11]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data, labels: (data[::-1], labels), "data array must be C contiguous"),
        (lambda data, labels: (data[0], labels), "data array must be 4-d"),
        (lambda data, labels: (data.astype(float), labels), "data array must be float32"),
        (lambda data, labels: (data.reshape(4, 3, 1, 1), labels), "wrong number of channels"),
        (lambda data, labels: (data.reshape(4, 1, 3, 1), labels), "wrong height"),
        (lambda data, labels: (data.reshape(6, 1, 1, 2), labels), "wrong width"),
        (lambda data, labels: (data, labels[:2].copy()), "same first dimension"),
        (lambda data, labels: (data[:3], labels[:3]), "multiple of batch size"),
        (lambda data, labels: (data, labels.reshape(4, 1, 1, 1).astype(int)), "labels array"),
    ],
)
def test_wrong_arrays(tmp_path: Path, change: object, message: str) -> None:
    net = live(tmp_path, MEMORY)
    with pytest.raises(RuntimeError, match=message):
        net.set_input_arrays(*change(*arrays()))  # type: ignore[operator]


def test_memory_without_arrays(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"net.prototxt:1:1: .* use set_input_arrays"):
        live(tmp_path, MEMORY).forward()


def test_arrays_for_another_layer(tmp_path: Path) -> None:
    text = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }'
    with pytest.raises(RuntimeError, match="first layer is a MemoryDataLayer"):
        live(tmp_path, text).set_input_arrays(*arrays())


def test_files_are_read_batch_after_batch(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"], file["t"] = np.arange(6.0).reshape(3, 2), np.arange(3.0)
    (tmp_path / "list.txt").write_text(str(tmp_path / "data.h5"))
    net = live(tmp_path, HDF5)
    assert [net.forward()["t"].tolist() for _ in range(3)] == [[0, 1], [2, 0], [1, 2]]
    assert net.blobs["x"].data.tolist() == [[2, 3], [4, 5]]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"net.prototxt:1:\d+: no such"):
        live(tmp_path, HDF5)
