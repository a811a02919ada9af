"""`.safetensors`: written as others read it, read as others write it, and hostile files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.formats.safetensors import read_safetensors, safetensors

ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b/\u5377": np.float32(1.5).reshape(()),
    "empty": np.zeros((0, 4), np.float32),
}


def write(path: Path, header: object, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"".join(safetensors(ARRAYS)))
    found = read_safetensors(path)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


def test_the_library_reads_it(tmp_path: Path) -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"".join(safetensors({"a": ARRAYS["a"], "d": np.ones(3)})))
    found = numpy.load_file(path)
    np.testing.assert_array_equal(found["a"], ARRAYS["a"])
    assert found["d"].dtype == np.float32


def test_the_librarys_own_file(tmp_path: Path) -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "w.safetensors"
    given = {"h": np.arange(4, dtype=np.float16), "d": np.arange(3.0), "i": np.arange(2)}
    numpy.save_file(given, path, {"made": "here"})
    found = read_safetensors(path)
    assert found.keys() == {"h", "d"}
    np.testing.assert_array_equal(found["h"], given["h"])


def test_bfloat16(tmp_path: Path) -> None:
    entry = {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}
    path = write(tmp_path / "w.safetensors", {"a": entry}, b"\x80\x3f\x00\xc0")
    assert read_safetensors(path)["a"].tolist() == [1.0, -2.0]


def entry(**changes: Any) -> dict[str, Any]:
    return {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], **changes}}


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 20_000,
        {"a": 3},
        {"a": {}},
        entry(data_offsets=[0, 8]),
        entry(data_offsets=[-4, 0]),
        entry(data_offsets=[4, 0]),
        entry(shape=[3]),
        entry(shape=["x"]),
        entry(shape=[-1]),
        entry(data_offsets=7),
    ],
)
def test_damaged_files(tmp_path: Path, header: object) -> None:
    path = write(tmp_path / "w.safetensors", header, b"\0" * 4)
    with pytest.raises(CaffeToolsError) as caught:
        read_safetensors(path)
    assert caught.value.message.startswith("this is not a .safetensors file, or it is damaged")
    assert str(path) in str(caught.value)


def test_a_length_past_the_end(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"\xff" * 8 + b"{}")
    with pytest.raises(CaffeToolsError):
        read_safetensors(path)
