"""Run a module, keep every blob, and compare them with a reference."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.verification import (
    compare_blobs,
    read_arrays,
    run,
    run_pycaffe,
    seeded_inputs,
    with_all_outputs,
)
from tests.torch.nets import PHASES

TEXT = (
    'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }'
    'layer { name: "p" type: "Power" bottom: "x" top: "y" power_param { scale: 2 } }'
    'layer { name: "r" type: "ReLU" bottom: "y" top: "y" }'
    'layer { name: "s" type: "Power" bottom: "y" top: "z" power_param { shift: 1 } }'
)
X = {"x": np.array([[1, -1]], np.float32)}


def test_all_blobs_as_they_are_in_the_end() -> None:
    found = run(assemble(from_text(TEXT)), {}, X)
    assert {name: values.tolist() for name, values in found.items()} == {
        "y": [[2, 0]],
        "z": [[3, 1]],
    }


def test_only_the_phase_of_the_net_is_traced() -> None:
    both = assemble(from_text(PHASES), from_text(PHASES, phase="test"))
    trace = with_all_outputs(both)
    assert {phase: [each.blob for each in tensors] for phase, tensors in trace.outputs.items()} == {
        "TRAIN": ["ip", "loss"]
    }
    assert len(trace.statements) == 2


def test_comparison() -> None:
    program = assemble(from_text(TEXT))
    found = run(program, {}, X)
    reference = {"y": np.array([[2, 1]]), "z": np.array([[3.0]])}
    first, second = compare_blobs(program, found, reference)
    assert (first.layer, first.blob, first.difference, first.largest) == ("r", "y", 1.0, 2.0)
    assert not first.is_right
    assert (second.expected, second.difference) == ((1, 1), None)
    assert not second.is_right
    assert all(row.is_right for row in compare_blobs(program, found, {}))
    assert all(row.is_right for row in compare_blobs(program, found, found))


@pytest.mark.parametrize(
    ("wanted", "found", "is_right"),
    [
        (np.nan, np.nan, True),
        (np.nan, 0.0, False),
        (-3.4028235e38, -3.4028235e38, True),
        (-3.4028235e38, 0.0, False),
        (0.0, np.nan, False),
    ],
)
def test_what_has_no_value(wanted: float, found: float, *, is_right: bool) -> None:
    program = assemble(from_text(TEXT))
    values = {"y": np.array([[1, found]], np.float32), "z": np.zeros((1, 2), np.float32)}
    reference = {"y": np.array([[1, wanted]], np.float32)}
    first, _ = compare_blobs(program, values, reference)
    assert first.is_right is is_right


def test_inputs_are_drawn_or_given() -> None:
    program = assemble(from_text(PHASES))
    drawn = seeded_inputs(program, {})
    assert drawn["data"].shape == (8, 4)
    assert set(drawn["label"].tolist()) <= {0.0, 1.0}
    np.testing.assert_array_equal(seeded_inputs(program, {})["data"], drawn["data"])
    given = np.ones((8, 4))
    assert seeded_inputs(program, {"data": given})["data"].dtype == np.float32
    with pytest.raises(CaffeToolsError) as caught:
        seeded_inputs(program, {"data": np.ones((2, 4))})
    assert caught.value.message == "input 'data' expected 8 x 4, found 2 x 4"


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
    assert caught.value.message.startswith("not a .npz file")


def test_arrays_of_either_order_and_an_older_header(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    values = np.arange(6, dtype=np.float64).reshape(2, 3)
    np.savez_compressed(path, c=values, f=np.asfortranarray(values))
    for array in read_arrays(str(path)).values():
        np.testing.assert_array_equal(array, values)


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    """2 MB of zeros, deflated; and a header that claims 8 TB."""
    path = tmp_path / "a.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w") as file,
    ):
        for _ in range(300):
            file.write(bytes(1 << 20))
    with pytest.raises(CaffeToolsError) as caught:
        read_arrays(str(path))
    size = path.stat().st_size
    assert str(caught.value) == (
        f"{path}: expected at most 268,435,456 bytes of numbers in a file of {size:,} bytes, "
        "found 314,572,800"
    )
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(CaffeToolsError, match=r"not a \.npz file: "):
        read_arrays(str(path))


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
    assert caught.value.message == "pycaffe is not installed: import caffe fails"


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
