"""Weights, read by PyTorch alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from caffetools.formats.safetensors import safetensors
from caffetools.torch.runtime.weights import read_safetensors


def write(path: Path, **arrays: np.ndarray) -> Path:
    path.write_bytes(b"".join(safetensors(arrays)))
    return path


def test_tensors(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6.0).reshape(2, 3), "s": np.array(5.0), "e": np.zeros((0, 2))}
    found = read_safetensors(write(tmp_path / "w", **arrays))
    assert {name: tensor.tolist() for name, tensor in found.items()} == {
        "a": [[0, 1, 2], [3, 4, 5]],
        "s": 5,
        "e": [],
    }
    assert found["a"].dtype == torch.float32


def test_metadata_is_passed_over(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.torch")
    library.save_file({"a": torch.ones(2)}, tmp_path / "w", {"format": "pt"})
    assert read_safetensors(tmp_path / "w")["a"].tolist() == [1, 1]


@pytest.mark.parametrize("data", [b"", b"\0" * 8, b"\xff" * 9, b"\x02" + b"\0" * 7 + b"{"])
def test_other_files(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "w").write_bytes(data)
    with pytest.raises(ValueError, match=r"is not a \.safetensors file"):
        read_safetensors(tmp_path / "w")


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    path = write(tmp_path / "w", a=np.ones(4))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="a is cut off"):
        read_safetensors(path)
