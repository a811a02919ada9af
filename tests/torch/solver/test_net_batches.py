from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import caffetools
from caffetools.errors import CaffeToolsError
from caffetools.torch.solver.net_batches import batches, readers_of

pytest.importorskip("h5py")


def net_of(folder: Path, rows: int = 5) -> Path:
    import h5py

    with h5py.File(folder / "rows.h5", "w") as file:
        file["data"] = np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)
        file["label"] = np.arange(rows, dtype=np.float32)
    (folder / "list.txt").write_text("rows.h5\n")
    path = folder / "net.prototxt"
    path.write_text(
        'layer { name: "d" type: "HDF5Data" top: "data" top: "label"\n'
        '  hdf5_data_param { source: "list.txt" batch_size: 3 } }\n'
    )
    return path


def test_batches_go_on_for_ever(tmp_path: Path) -> None:
    """Five rows, three a batch: sources are found in the net's folder."""
    found = batches(net_of(tmp_path))
    read = [next(found) for _ in range(4)]
    assert [each["label"].tolist() for each in read] == [[0, 1, 2], [3, 4, 0], [1, 2, 3], [4, 0, 1]]
    assert read[0]["data"].shape == (3, 2)
    assert read[0]["data"].dtype == np.float32


def test_a_net_that_is_loaded(tmp_path: Path) -> None:
    net = caffetools.load(net_of(tmp_path))
    assert next(caffetools.batches(net))["label"].tolist() == [0, 1, 2]
    ((reader, _),) = readers_of(net, 0, 0)
    assert reader.position == 0


def test_no_data_layer(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text('name: "empty"\n')
    with pytest.raises(CaffeToolsError, match="the net has no data layer"):
        batches(path)


def test_damaged_data_has_its_place(tmp_path: Path) -> None:
    path = net_of(tmp_path)
    (tmp_path / "rows.h5").write_bytes(b"no HDF5")
    with pytest.raises(CaffeToolsError, match="cannot be read as HDF5") as caught:
        next(batches(caffetools.load(path, input_shapes={"data": (3, 2), "label": (3,)})))
    assert str(caught.value.location) == f"{path}:2:21"
