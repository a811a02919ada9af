"""State dicts from files."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.formats.safetensors import safetensors
from caffetools.torch.export.state import read_state

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(2)}


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_of_torch_save(tmp_path: Path, *, zipped: bool) -> None:
    path = tmp_path / "state.pt"
    torch.save(STATE, path, _use_new_zipfile_serialization=zipped)
    found = read_state(path)
    assert found["a.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["n"].dtype == np.float32


def test_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"".join(safetensors({"a": np.ones(2, np.float32)})))
    assert read_state(path)["a"].tolist() == [1, 1]


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.write_text, (Path("evil"), "ran"))


def test_nothing_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("state.pt").write_bytes(pickle.dumps({"a": Evil()}))
    with pytest.raises(CaffeToolsError) as caught:
        read_state("state.pt")
    assert caught.value.message.startswith("PyTorch cannot load this file")
    torch.save({"a": Evil()}, "zipped.pt")
    with pytest.raises(CaffeToolsError):
        read_state("zipped.pt")
    assert not Path("evil").exists()


def test_what_is_no_state(tmp_path: Path) -> None:
    path = tmp_path / "list.pt"
    torch.save([1], path)
    with pytest.raises(CaffeToolsError) as caught:
        read_state(path)
    assert caught.value.message == "expected a state dict, found list"
    path.write_bytes(b"PK\x03\x04rubbish")
    with pytest.raises(CaffeToolsError):
        read_state(path)
    with pytest.raises(CaffeToolsError) as caught:
        read_state(tmp_path / "none.pt")
    assert caught.value.message == "no such file"
