from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from caffetools.errors import CaffeToolsError
from caffetools.formats.datum import raw_datum
from caffetools.torch.training.data.batches import Batch
from caffetools.torch.training.data.image_list import ImageList
from caffetools.torch.training.data.reader import Reader
from caffetools.torch.training.data.sources import ArraySource, Database, DataSource
from caffetools.torch.training.data.transformer import Transform
from caffetools.torch.training.data.windows import WindowFile
from tests.formats.files import write_lmdb
from tests.torch.training.data.counting import TOPS, Counting, reading

ROOT = Path(__file__).parents[4]


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
    reader.close()


def test_reading_ahead_draws_nothing_from_pytorch() -> None:
    before = torch.get_rng_state()
    reader = Reader(Counting(), reading(workers=1))
    reader.next()
    reader.close()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_source_that_only_one_process_may_open_has_no_workers() -> None:
    assert Reader(Counting(workers=0), reading(workers=3)).workers == 0
    assert Reader(Counting(), reading(workers=3)).workers == 3


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_item_gives_its_place_to_the_next(workers: int) -> None:
    reader = Reader(Counting(damaged=(1,)), reading(workers=workers))
    batch = reader.next()
    reader.close()
    assert batch.tensors["label"].tolist() == [0, 2, 2]
    assert batch.notes == ["item 1: number 1 is damaged"]


@pytest.mark.parametrize("workers", [0, 1])
def test_strict(workers: int) -> None:
    reader = Reader(Counting(damaged=(4,)), reading(workers=workers, strict=True))
    reader.next()
    with pytest.raises(CaffeToolsError, match="item 4: number 4 is damaged"):
        reader.next()
    reader.close()


KILLED = """
import multiprocessing
from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.reader import Reader
from tests.torch.training.data.counting import Counting, reading

reader = Reader(Counting(), reading(workers=1))
reader.next()
(worker,) = multiprocessing.active_children()
try:
    worker.kill()
    list(iter(reader.next, None))  # what was read before comes first
except CaffeToolsError as error:
    print(error)
reader.close()
"""


def test_a_worker_that_is_killed_is_an_error() -> None:
    """As by the system when memory runs out; in a process of its own, which may not hang."""
    command = [sys.executable, "-c", KILLED]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.startswith("the data cannot be read ahead: "), done.stderr
    assert (done.returncode, done.stderr) == (0, "")


def test_no_more_workers_than_the_system_has_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    assert Reader(Counting(), reading()).workers == 1
    assert Reader(Counting(), reading(workers=2)).workers == 2


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
    children = set(multiprocessing.active_children())
    reader = Reader(Counting(), reading(workers=1))
    reader.next()
    (worker,) = set(multiprocessing.active_children()) - children
    assert worker.pid is not None
    for number in (signal.SIGINT, signal.SIGHUP):
        os.kill(worker.pid, number)
    labels = [reader.next().tensors["label"].tolist() for _ in range(9)]  # more than is read ahead
    assert labels[-1] == [27, 28, 29]
    assert worker.is_alive()
    reader.close()


def test_arrays_over_their_end() -> None:
    source = ArraySource(TOPS, 2, (np.arange(3.0), np.arange(3)))
    reader = Reader(source, reading())
    assert [reader.next().tensors["label"].tolist() for _ in range(3)] == [[0, 1], [2, 0], [1, 2]]


def test_shared_memory_that_is_full_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error would be met in a thread of the worker, and the run wait for ever."""

    def full(_: object) -> None:
        raise RuntimeError("unable to resize file to the right size: No space left on device")

    monkeypatch.setattr(torch.Tensor, "share_memory_", full)
    reader = Reader(Counting(), reading(workers=1))
    message = "there is not enough shared memory to read ahead: unable to resize file"
    with pytest.raises(CaffeToolsError, match=message):
        reader.next()
    reader.close()


def test_a_ring_of_batches_is_reused() -> None:
    """One worker reads 2 batches ahead: 2 + 2 places. Item 3 is of another shape and so is batch 1,
    which comes in new memory; the place of batch 1 is in order."""
    reader = Reader(Counting(sizes={3: 4, 4: 4, 5: 4}), reading(workers=1), reuse=True)
    reader.first()
    found = [reader.next() for _ in range(6)]
    reader.close()
    assert [batch.tensors["data"].shape[1] for batch in found] == [3, 4, 3, 3, 3, 3]
    places = [batch.tensors["label"].data_ptr() for batch in found]
    assert len(set(places[:4])) == 4
    assert places[4:] == places[:2]
    assert found[4].tensors["label"].tolist() == [12, 13, 14]
    reader.go_to(3)
    assert reader.next().tensors["label"].tolist() == [3, 4, 5]
    reader.close()


def _kept(batch: Batch) -> Batch:
    return Batch({top: tensor.clone() for top, tensor in batch.tensors.items()}, batch.notes)


def sources_in(folder: Path) -> list[DataSource]:
    """Of each kind one that draws whatever can be drawn, with a damaged item."""
    pytest.importorskip("PIL")
    from tests.torch.training.data.images import encoded

    random = np.random.default_rng(0)
    images = random.integers(0, 255, (11, 9, 10, 3)).astype(np.uint8)
    windows, lines = "", ""
    for index, image in enumerate(images):
        path = folder / f"{index}.png"
        path.write_bytes(encoded(image))
        windows += f"# {index} {path} 3 9 10 2\n1 0.9 0 0 5 7\n1 0.1 2 2 9 8\n"
        lines += f"{path} {index}\n"
    (folder / "3.png").write_bytes(b"damaged")
    (folder / "windows").write_text(windows)
    (folder / "list").write_text(lines)
    records = [raw_datum(image, index) for index, image in enumerate(images)]
    write_lmdb(folder / "db", *records[:6], b"damaged", *records[6:])
    transform = Transform(crop_size=6, mirror=True, scale=0.5, mean_values=(1, 2, 3))
    return [
        Database(TOPS, str(folder / "db"), "LMDB", 4, transform, rand_skip=5),
        ImageList(TOPS, str(folder / "list"), 4, transform, shuffle=True, rand_skip=5),
        WindowFile(TOPS, str(folder / "windows"), 4, transform, context_pad=1),
    ]


@pytest.mark.parametrize("index", range(3))
def test_workers_change_nothing(tmp_path: Path, index: int) -> None:
    """Batches and notes of several epochs, by none, one and two processes."""
    source = sources_in(tmp_path)[index]
    runs = []
    for workers in (0, 1, 2):
        reader = Reader(source, reading(workers=workers), reuse=True)
        reader.first()
        runs.append([_kept(reader.next()) for _ in range(9)])
        reader.close()
    assert any(batch.notes for batch in runs[0])
    for run in runs[1:]:
        for batch, expected in zip(run, runs[0], strict=True):
            assert batch.notes == expected.notes
            assert all(torch.equal(batch.tensors[top], expected.tensors[top]) for top in TOPS)
