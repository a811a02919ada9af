"""Weights, read by the safetensors package or by PyTorch alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from caffetools.formats.safetensors import safetensors
from caffetools.torch.runtime.weights import load_weights, map_safetensors, read_safetensors


def write(path: Path, **arrays: np.ndarray) -> Path:
    path.write_bytes(b"".join(safetensors(arrays)))
    return path


Read = Callable[[Path], dict[str, Tensor]]


@pytest.fixture(params=["package", "PyTorch"])
def read(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Read:
    """`read_safetensors` with and without the package."""
    if request.param == "package":
        pytest.importorskip("safetensors")
    else:
        monkeypatch.setitem(sys.modules, "safetensors", None)
    return read_safetensors


def test_the_package_reads_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = pytest.importorskip("safetensors.torch")
    path = write(tmp_path / "w", a=np.ones(2))
    monkeypatch.setattr(library, "load_file", lambda _: {"a": torch.zeros(1)})
    assert read_safetensors(path)["a"].tolist() == [0]
    monkeypatch.setitem(sys.modules, "safetensors", None)
    assert read_safetensors(path)["a"].tolist() == [1, 1]


def test_tensors(tmp_path: Path, read: Read) -> None:
    arrays = {"a": np.arange(6.0).reshape(2, 3), "s": np.array(5.0), "e": np.zeros((0, 2))}
    found = read(write(tmp_path / "w", **arrays))
    assert {name: tensor.tolist() for name, tensor in found.items()} == {
        "a": [[0, 1, 2], [3, 4, 5]],
        "s": 5,
        "e": [],
    }
    assert found["a"].dtype == torch.float32


def test_metadata_is_passed_over(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.torch")
    library.save_file({"a": torch.ones(2)}, tmp_path / "w", {"format": "pt"})
    assert map_safetensors(tmp_path / "w")["a"].tolist() == [1, 1]


@pytest.mark.parametrize("data", [b"", b"\0" * 8, b"\xff" * 9, b"\x02" + b"\0" * 7 + b"{"])
def test_other_files(tmp_path: Path, data: bytes, read: Read) -> None:
    (tmp_path / "w").write_bytes(data)
    with pytest.raises(ValueError, match=r"is not a \.safetensors file"):
        read(tmp_path / "w")


def test_a_file_that_is_cut_off(tmp_path: Path, read: Read) -> None:
    path = write(tmp_path / "w", a=np.ones(4))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError):  # noqa: PT011  # each reader has words of its own
        read(path)
    with pytest.raises(ValueError, match="a is cut off"):
        map_safetensors(path)


@pytest.mark.usefixtures("read")
def test_missing_tensors_are_unchanged_and_unknown_ones_raise(tmp_path: Path) -> None:
    module = nn.Linear(2, 1)
    before = module.bias.item()
    load_weights(module, write(tmp_path / "w", weight=np.ones((1, 2))))
    assert module.weight.tolist() == [[1, 1]]
    assert module.bias.item() == before
    with pytest.raises(KeyError, match="the model has no other"):
        load_weights(module, write(tmp_path / "v", other=np.ones(1)))
