from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.hdf5_datasets import dataset_shapes


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
