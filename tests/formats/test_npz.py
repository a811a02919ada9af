"""`.npz` files, piece by piece."""

from __future__ import annotations

import io

import numpy as np

from caffetools.formats.npz import npz


def test_numpy_reads_it() -> None:
    arrays = {"conv1/0": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.float64(2)}
    with np.load(io.BytesIO(b"".join(npz(arrays)))) as found:
        assert found.files == ["conv1/0", "b"]
        np.testing.assert_array_equal(found["conv1/0"], arrays["conv1/0"])
        assert found["b"] == 2


def test_the_same_arrays_give_the_same_file() -> None:
    arrays = {"a": np.arange(10)}
    assert b"".join(npz(arrays)) == b"".join(npz(arrays))
