from __future__ import annotations

import numpy as np
import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.batches import Batches
from caffetools.torch.training.data.sources import (
    ArraySource,
    ItemArrays,
    LabelRange,
    ReadContext,
    Rows,
)
from tests.torch.training.data.counting import TOPS, Counting, reading


def test_a_batch() -> None:
    batch = Batches(Counting(), reading())[4]
    assert batch.tensors["label"].tolist() == [4, 5, 6]
    assert batch.tensors["data"].dtype == torch.float32
    assert batch.tensors["data"][:, 2].tolist() == [0, 1, 2]


def test_processes_share_the_items_out() -> None:
    """Caffe's: of two, the second takes every other, from the second on."""
    labels = [
        Batches(Counting(), reading(rank=rank, world=2))[6].tensors["label"].tolist()
        for rank in (0, 1)
    ]
    assert labels == [[6, 8, 10], [7, 9, 11]]


def test_data_that_is_damaged_as_a_whole() -> None:
    with pytest.raises(CaffeToolsError, match="item 0: number 0 is damaged; and so the 999"):
        Batches(Counting(damaged=tuple(range(2000))), reading())[0]


def test_labels_out_of_range() -> None:
    batches = Batches(Counting(), reading(labels={"label": LabelRange(5)}))
    assert batches[2].tensors["label"].tolist() == [2, 3, 4]
    with pytest.raises(CaffeToolsError) as caught:
        batches[3]
    assert caught.value.message == (
        "item 5: the label 5 is out of range: 'label' is read for 5 classes, from 0"
    )


@pytest.mark.parametrize(
    ("sizes", "batch_size", "expected", "skipped"),
    [
        ({1: 4}, 3, [0, 2, 2], [1]),
        ({0: 4}, 3, [1, 1, 2], [0]),
        ({2: 4, 3: 5}, 3, [0, 1, 4], [2, 3]),
        # Of as many of each those count that are as the first item of all.
        ({4: 5, 5: 5}, 2, [0, 1], []),
        ({1: 5}, 2, [0, 2], [1]),
        # A batch may be of another shape as a whole, as in Caffe.
        ({0: 4, 1: 4, 2: 4}, 3, [0, 1, 2], []),
        ({0: 4}, 1, [0], []),
    ],
)
def test_an_item_of_another_shape_is_damaged(
    sizes: dict[int, int], batch_size: int, expected: list[int], skipped: list[int]
) -> None:
    batch = Batches(Counting(batch_size, sizes=sizes), reading())[0]
    assert batch.tensors["label"].tolist() == expected
    shape = batch.tensors["data"].shape[1:]
    assert batch.notes == [
        f"item {number}: expected {tuple(shape)} for 'data' as most of the batch, "
        f"found ({sizes[number]},)"
        for number in skipped
    ]


def test_an_item_of_another_shape_and_strict() -> None:
    with pytest.raises(CaffeToolsError, match=r"^item 1: expected \(3,\) for 'data' as most"):
        Batches(Counting(sizes={1: 4}), reading(strict=True))[0]


def test_items_that_all_differ_in_shape() -> None:
    sizes = {1: 4, 2: 5}
    with pytest.raises(CaffeToolsError) as caught:
        Batches(Counting(sizes=sizes), reading())[0]
    assert caught.value.message == (
        "item 1: expected items of one shape in a batch, found ((3,), ()) and ((4,), ())"
    )


def test_arrays_are_taken_at_once() -> None:
    """As views where their rows lie side by side: what nobody may write is copied."""
    data = np.arange(10, dtype=np.float32).reshape(5, 2)
    batches = Batches(ArraySource(TOPS, 2, (data, np.arange(5))), reading())
    found = batches[1].tensors
    assert found["data"].tolist() == [[2, 3], [4, 5]]
    assert (found["label"].dtype, found["label"].tolist()) == (torch.float32, [1, 2])
    assert found["data"].data_ptr() == data[1:].ctypes.data
    assert batches[4].tensors["label"].tolist() == [4, 0]
    data.flags.writeable = False
    assert batches[1].tensors["data"].data_ptr() != data[1:].ctypes.data
    shared = Batches(batches.source, reading(rank=1, world=2))
    assert shared[0].tensors["label"].tolist() == [1, 3]


def test_a_wrong_label_among_arrays() -> None:
    source = ArraySource(TOPS, 2, (np.zeros((5, 1)), np.array([0, 1, 2, 3, 9])))
    batches = Batches(source, reading(labels={"label": LabelRange(4)}))
    assert batches[2].tensors["label"].tolist() == [2, 3]
    with pytest.raises(CaffeToolsError) as caught:
        batches[8]
    assert caught.value.message == (
        "item 4 of what was fed: the label 9 is out of range: 'label' is read for 4 classes, from 0"
    )


class _Boxes:
    """Items of different numbers of rows; the third is of another shape."""

    tops, batch_size, workers = ("data", "label"), 4, 0

    def open(self, place: ReadContext) -> _Boxes:
        return self

    def read(self, number: int, slot: int) -> ItemArrays:
        shape = (2, 2) if number == 2 else (3, 3)
        return np.zeros(shape), np.full((number, 8), number, np.float32).view(Rows)

    def name(self, number: int, slot: int) -> str:
        return f"item {number}"


def test_rows_may_be_of_any_number() -> None:
    batch = Batches(_Boxes(), reading())[0]
    assert batch.tensors["label"].shape == (1, 1, 0 + 1 + 3 + 3, 8)
    assert batch.tensors["label"][0, 0, :, 0].tolist() == [1, 2, 2, 2, 3, 3, 3]
    assert batch.notes == ["item 2: expected (3, 3) for 'data' as most of the batch, found (2, 2)"]
