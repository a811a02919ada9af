"""Arrays of a file, and pycaffe."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.torch.export.reference import read_arrays, run_pycaffe


def test_names_with_and_without_their_group(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    arrays: Any = {"in/data": np.ones(2), "out/prob": np.zeros(1), "conv1": np.ones((1, 2))}
    np.savez(path, **arrays)
    assert {name: array.shape for name, array in read_arrays(str(path)).items()} == {
        "data": (2,),
        "prob": (1,),
        "conv1": (1, 2),
    }


def test_objects_are_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.array([{}], dtype=object))
    with pytest.raises(CaffeToolsError) as caught:
        read_arrays(str(path))
    assert caught.value.message.startswith("this is no .npz file")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x93NUMPY"])
def test_other_files(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(data)
    with pytest.raises(CaffeToolsError) as caught:
        read_arrays(str(path))
    assert caught.value.location is not None
    assert caught.value.location.file == str(path)


def test_a_python_without_pycaffe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "caffe", None)
    with pytest.raises(CaffeToolsError) as caught:
        run_pycaffe("net", "weights", "TEST", {})
    assert caught.value.message == "there is no pycaffe in this Python: import caffe fails"


class FakeBlob:
    def __init__(self) -> None:
        self.data = np.zeros(1)

    def reshape(self, *shape: int) -> None:
        self.data = np.zeros(shape)


def test_pycaffe_is_fed_and_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Net:
        def __init__(self, *arguments: Any) -> None:
            assert arguments == ("net", "weights", 1)
            self.blobs = {"x": FakeBlob(), "y": FakeBlob()}

        def forward(self) -> None:
            self.blobs["y"].data = self.blobs["x"].data * 2

    module = ModuleType("caffe")
    vars(module).update(vars(SimpleNamespace(Net=Net, TEST=1)))
    monkeypatch.setitem(sys.modules, "caffe", module)
    found = run_pycaffe("net", "weights", "TEST", {"x": np.ones((1, 2))})
    assert found["y"].tolist() == [[2, 2]]
