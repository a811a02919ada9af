from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.batches import Batches, Reader, Reading
from caffetools.torch.training.data.labels import LabelRange
from caffetools.torch.training.data.sources import Arrays, ArraySource, Place

TOPS = ("data", "label")


@dataclass(frozen=True)
class Counting:
    """Items that hold their number, the draws of their place, and the slot; some damaged."""

    batch_size: int = 3
    damaged: tuple[int, ...] = ()
    tops: tuple[str, ...] = TOPS
    workers: int = 2
    sizes: Mapping[int, int] = field(default_factory=dict)
    """Of the items that have another than 3."""

    def open(self, place: Place) -> Counting.Items:
        return Counting.Items(self, place)

    @dataclass(frozen=True)
    class Items:
        source: Counting
        place: Place

        def read(self, number: int, slot: int) -> Arrays:
            if number in self.source.damaged:
                raise CaffeToolsError(f"number {number} is damaged")
            draw = self.place.draws(number).below(1000)
            size = self.source.sizes.get(number, 3)
            return np.array([number, draw, slot, 0, 0][:size], np.float64), np.float32(number)

        def name(self, number: int, slot: int) -> str:
            return f"item {number}"


def reading(**options: Any) -> Reading:
    return Reading(1, train=True, **options)


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


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_a_reader_goes_on_from_any_place(workers: int) -> None:
    """With as many workers as one likes, each batch comes in its turn, its draws the same."""
    reader = Reader(Counting(), reading(workers=workers))
    assert reader.first().tensors["label"].tolist() == [0, 1, 2]
    found = [reader.next() for _ in range(4)]
    assert [batch.tensors["label"].tolist() for batch in found] == [
        [3 * i, 3 * i + 1, 3 * i + 2] for i in range(4)
    ]
    assert reader.position == 12
    reader.go_to(6)
    assert torch.equal(reader.next().tensors["data"], found[2].tensors["data"])


def test_reading_ahead_draws_nothing_from_pytorch() -> None:
    before = torch.get_rng_state()
    reader = Reader(Counting(), reading(workers=1))
    reader.next()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_source_that_only_one_process_may_open_has_no_workers() -> None:
    assert Reader(Counting(workers=0), reading(workers=3)).workers == 0
    assert Reader(Counting(), reading()).workers == 2


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_item_gives_its_place_to_the_next(workers: int) -> None:
    batch = Reader(Counting(damaged=(1,)), reading(workers=workers)).next()
    assert batch.tensors["label"].tolist() == [0, 2, 2]
    assert batch.notes == ["item 1: number 1 is damaged"]


@pytest.mark.parametrize("workers", [0, 1])
def test_strict(workers: int) -> None:
    reader = Reader(Counting(damaged=(4,)), reading(workers=workers, strict=True))
    reader.next()
    with pytest.raises(CaffeToolsError, match="item 4: number 4 is damaged"):
        reader.next()


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


def test_a_worker_that_is_killed_is_told() -> None:
    """As the system does where memory ends."""
    before = set(multiprocessing.active_children())
    reader = Reader(Counting(), reading(workers=1))
    reader.next()
    (worker,) = set(multiprocessing.active_children()) - before
    worker.kill()
    with pytest.raises(CaffeToolsError, match="the data cannot be read ahead: DataLoader worker"):
        list(iter(reader.next, None))  # what was read by then comes first


def test_a_reader_that_is_closed_has_no_processes() -> None:
    before = set(multiprocessing.active_children())
    reader = Reader(Counting(), reading(workers=2))
    found = reader.next().tensors["label"].tolist()
    assert len(set(multiprocessing.active_children()) - before) == 2
    reader.close()
    assert not set(multiprocessing.active_children()) - before
    assert reader.next().tensors["label"].tolist() == [number + 3 for number in found]
    reader.close()


def test_workers_leave_signals_to_the_run() -> None:
    reader = Reader(Counting(), reading(workers=1))
    reader.next()
    ahead = reader._ahead
    assert ahead is not None
    loader = ahead.gi_frame.f_locals["loader"]  # type: ignore[attr-defined]
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP)
    try:
        loader.worker_init_fn(0)
        assert signal.getsignal(signal.SIGINT) == signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGHUP, before[1])


def test_arrays_over_their_end() -> None:
    source = ArraySource(TOPS, 2, (np.arange(3.0), np.arange(3)))
    reader = Reader(source, reading())
    assert [reader.next().tensors["label"].tolist() for _ in range(3)] == [[0, 1], [2, 0], [1, 2]]
