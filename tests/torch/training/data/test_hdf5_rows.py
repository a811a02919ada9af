from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.hdf5_rows import Hdf5
from caffetools.torch.training.data.sources import ReadContext

h5py = pytest.importorskip("h5py")

TOPS = ("data", "label")


def listed(folder: Path, *lengths: int) -> str:
    """A list of files whose labels count on from one to the next."""
    start = 0
    for index, length in enumerate(lengths):
        with h5py.File(folder / f"{index}.h5", "w") as file:
            labels = np.arange(start, start + length)
            file["data"] = np.repeat(labels[:, np.newaxis], 3, 1).astype(np.float64)
            file["label"] = labels
        start += length
    path = folder / "list.txt"
    path.write_text("\n".join(str(folder / f"{i}.h5") for i in range(len(lengths))) + "\n")
    return str(path)


def labels(source: Hdf5, count: int, seed: int = 0) -> list[int]:
    items = source.open(ReadContext(seed, train=True))
    found = []
    for number in range(count):
        data, label = items.read(number, 0)
        assert data.dtype == np.float32
        assert data.tolist() == [label] * 3
        found.append(int(label))
    return found


@pytest.mark.parametrize("lengths", [(5,), (2, 3), (1, 1, 3)])
def test_rows_in_order_over_files_and_epochs(tmp_path: Path, lengths: tuple[int, ...]) -> None:
    source = Hdf5(TOPS, listed(tmp_path, *lengths), 2)
    assert labels(source, 12) == [0, 1, 2, 3, 4] * 2 + [0, 1]


def test_shuffled(tmp_path: Path) -> None:
    source = Hdf5(TOPS, listed(tmp_path, 20, 20), 2, shuffle=True)
    found = labels(source, 80)
    epochs = found[:40], found[40:]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(40))
    assert epochs[0] != epochs[1]
    assert epochs[0] != list(range(40))
    # A file is read whole before the next.
    assert len({number // 20 for number in epochs[0][:20]}) == 1
    assert found == labels(source, 80)
    assert found != labels(source, 80, seed=1)


def test_any_item_at_once(tmp_path: Path) -> None:
    """A resumed run begins in the middle."""
    source = Hdf5(TOPS, listed(tmp_path, 4, 6), 2, shuffle=True)
    found = labels(source, 30)
    for number in (29, 3, 17, 0):
        assert int(source.open(ReadContext(0, train=True)).read(number, 0)[1]) == found[number]


def test_files_are_sought_beside_the_prototxt(tmp_path: Path) -> None:
    listed(tmp_path, 2)
    (tmp_path / "list.txt").write_text("0.h5\n")
    source = Hdf5(TOPS, "list.txt", 2)
    items = source.open(ReadContext(0, train=True, folder=str(tmp_path)))
    assert int(items.read(1, 0)[1]) == 1


def corrupt(folder: Path, change: str) -> None:
    with h5py.File(folder / "0.h5", "a") as file:
        if change == "missing":
            del file["label"]
        elif change == "text":
            del file["label"]
            file["label"] = [b"a", b"b"]
        elif change == "scalar":
            del file["label"]
            file["label"] = 1
        elif change == "longer":
            del file["label"]
            file["label"] = np.zeros(3)
        elif change == "empty":
            for name in TOPS:
                del file[name]
                file[name] = np.zeros((0, 1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("missing", "0.h5: the HDF5 file has no dataset 'label'"),
        ("text", "0.h5: the dataset 'label' holds object, not numbers"),
        ("scalar", "0.h5: the dataset 'label' is a scalar, expected at least 1 axis"),
        ("longer", "0.h5: expected as many rows in each dataset, found 'data' 2, 'label' 3"),
        ("empty", "0.h5: expected as many rows in each dataset, found 'data' 0, 'label' 0"),
    ],
)
def test_what_caffe_refuses(tmp_path: Path, change: str, message: str) -> None:
    source = Hdf5(TOPS, listed(tmp_path, 2), 2)
    corrupt(tmp_path, change)
    with pytest.raises(CaffeToolsError) as caught:
        source.open(ReadContext(0, train=True))
    assert message in str(caught.value)


def test_files_that_are_not_there_or_damaged(tmp_path: Path) -> None:
    path = Path(listed(tmp_path, 2))
    cases: list[tuple[Any, str]] = [
        (lambda: (tmp_path / "0.h5").write_bytes(b"rubbish"), "0.h5: cannot be read as HDF5"),
        ((tmp_path / "0.h5").unlink, "0.h5: there is no such file"),
        (lambda: os.mkfifo(tmp_path / "0.h5"), "0.h5: expected a regular file"),
        (lambda: path.write_text("\n"), "list.txt: the list names no HDF5 file"),
        (path.unlink, "list.txt: no such file"),
    ]
    for spoil, message in cases:
        spoil()
        with pytest.raises(CaffeToolsError) as caught:
            Hdf5(TOPS, str(path), 2).open(ReadContext(0, train=True))
        assert message in str(caught.value)


def test_rows_of_another_shape_in_a_later_file(tmp_path: Path) -> None:
    source = Hdf5(TOPS, listed(tmp_path, 2, 2), 2)
    with h5py.File(tmp_path / "1.h5", "a") as file:
        del file["data"]
        file["data"] = np.zeros((2, 4))
    with pytest.raises(CaffeToolsError) as caught:
        source.open(ReadContext(0, train=True))
    expected = f"{tmp_path}/1.h5: expected rows of (3,) as in {tmp_path}/0.h5, found (4,)"
    assert str(caught.value) == expected


def test_a_file_that_is_cut_off_while_it_is_read(tmp_path: Path) -> None:
    source = Hdf5(TOPS, listed(tmp_path, 2, 2), 2)
    items = source.open(ReadContext(0, train=True))
    path = tmp_path / "1.h5"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CaffeToolsError, match=r"1\.h5: cannot be read as HDF5"):
        items.read(2, 0)


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_row_is_named(tmp_path: Path, shuffle: bool) -> None:
    items = Hdf5(TOPS, listed(tmp_path, 2, 3), 2, shuffle=shuffle).open(ReadContext(0, train=True))
    for number in range(10):
        label = int(items.read(number, 0)[1])
        file, row = (0, label) if label < 2 else (1, label - 2)
        assert items.name(number, 0) == f"{tmp_path}/{file}.h5: row {row}"
