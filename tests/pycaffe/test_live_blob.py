from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

from caffetools.pycaffe.live_blob import Blob, BlobVec, Memory

CPU = torch.device("cpu")


def test_a_new_blob_is_zero() -> None:
    blob = Blob((2, 3))
    assert (blob.shape, blob.count) == ([2, 3], 2 * 3)
    assert blob.data.dtype == np.float32
    assert blob.data.tolist() == blob.diff.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_arrays_share_memory_with_the_tensor() -> None:
    tensor = torch.zeros(2, 2)
    blob = Blob((2, 2), tensor)
    blob.data[0, 1] = 5
    assert tensor.tolist() == [[0, 5], [0, 0]]
    tensor[1, 1] = 7
    assert blob.data.flat[3] == 7
    blob.data.flat = [1, 2, 3, 4]  # type: ignore[assignment,misc]
    assert tensor.tolist() == [[1, 2], [3, 4]]


def test_put_writes_into_the_memory_that_a_script_holds() -> None:
    blob = Blob((3,))
    held = blob.data[1:]
    blob.put(torch.tensor([1.0, 2, 3]))
    assert held.tolist() == [2, 3]
    assert blob.half("data").is_held


def test_put_takes_the_tensor_if_nothing_is_held() -> None:
    blob = Blob((3,))
    blob.data[...] = 1
    gc.collect()
    values = torch.tensor([1.0, 2, 3])
    blob.put(values)
    assert blob.tensor(CPU) is values


def test_put_of_another_size_changes_the_shape() -> None:
    blob = Blob((2, 2))
    held = blob.data
    blob.put(torch.ones(3))
    assert blob.shape == [3]
    assert blob.data.tolist() == [1, 1, 1]
    assert held.ravel().tolist() == [1, 1, 1, 0]  # Caffe keeps memory that is large enough
    blob.put(torch.full((5,), 2.0))
    assert blob.data.tolist() == [2] * 5
    assert held.ravel().tolist() == [1, 1, 1, 0]


def test_reshape_keeps_values_while_they_fit() -> None:
    blob = Blob((2, 3), torch.arange(6.0).reshape(2, 3))
    blob.reshape(3, 2)
    assert blob.data.tolist() == [[0, 1], [2, 3], [4, 5]]
    blob.reshape(2)
    assert blob.data.tolist() == [0, 1]
    assert blob.tensor(CPU).tolist() == [0, 1]
    blob.reshape(7)
    assert blob.data.tolist() == [0] * 7


def test_legacy_axes() -> None:
    blob = Blob((5, 4, 3))
    assert (blob.num, blob.channels, blob.height, blob.width) == (5, 4, 3, 1)
    blob.reshape(1, 1, 1, 1, 1)
    with pytest.raises(RuntimeError, match="at most 4 axes"):
        _ = blob.num


def test_reshape_has_no_options() -> None:
    with pytest.raises(RuntimeError, match="takes no kwargs"):
        Blob().reshape(shape=3)


def test_a_negative_extent_is_refused() -> None:
    with pytest.raises(RuntimeError, match="at least 0"):
        Blob().reshape(-1, 2)


def test_data_cannot_be_replaced() -> None:
    with pytest.raises(AttributeError):
        Blob().data = np.zeros(1)  # type: ignore[assignment,misc]


def test_shared_memory() -> None:
    first, second = Blob((2,)), Blob((2,))
    second.share(first, "data")
    first.data[0] = 3
    second.diff[0] = 4
    assert second.data.tolist() == [3, 0]
    assert first.diff.tolist() == [0, 0]


def test_add_blob() -> None:
    blobs = BlobVec()
    blobs.add_blob(2, 3)
    assert [blob.shape for blob in blobs] == [[2, 3]]
    with pytest.raises(RuntimeError, match="no kwargs"):
        blobs.add_blob(shape=3)


def test_memory_of_a_parameter_stays_the_parameter() -> None:
    parameter = torch.nn.Parameter(torch.zeros(2))
    memory = Memory(parameter)
    memory.array()[0] = 1
    assert memory.on(CPU) is parameter
    assert parameter.tolist() == [1, 0]
