"""The batches of a source in their order, read ahead by processes of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.utils.data import DataLoader, Dataset

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.batches import Batch, Batches, Reading
from caffetools.torch.training.data.sources import Source
from caffetools.torch.training.faults import first_line, in_plain_words


class Reader:
    """The batches of a source one after the other; `position` counts the items that were used."""

    def __init__(self, source: Source, reading: Reading, *, pin: bool = False) -> None:
        self.batches = Batches(source, reading)
        self.position = 0
        self.step = source.batch_size * reading.world
        wanted = min(source.workers, _cores()) if reading.workers is None else reading.workers
        self.workers = wanted if source.workers else 0
        self.pin = pin
        self._ahead: Iterator[Batch] | None = None

    def first(self) -> Batch:
        """The next batch, which stays the next; tells mistakes before anything is trained."""
        batch = self.batches[self.position]
        if self.workers:
            self.batches.close()
        return batch

    def go_to(self, position: int) -> None:
        """Go on from an item of the run."""
        self.position = position
        self._ahead = None

    def close(self) -> None:
        """End the processes that read ahead: once forgotten they take seconds to end."""
        self.go_to(self.position)

    def next(self) -> Batch:
        """The next batch. Raises CaffeToolsError where the data is damaged, or a worker dies."""
        if self._ahead is None:
            self._ahead = self._read_ahead()
        try:
            batch = next(self._ahead)
        except RuntimeError as error:
            raise in_plain_words(error) from None
        except (EOFError, ConnectionError):  # a worker was killed while it sent a batch
            message = "the data cannot be read ahead: DataLoader worker exited unexpectedly"
            raise CaffeToolsError(message) from None
        self.position += self.step
        return batch

    def _read_ahead(self) -> Iterator[Batch]:
        positions = _Positions(self.position, self.step)
        if not self.workers:
            yield from map(self.batches.__getitem__, positions)
        loader = DataLoader(
            _Guarded(self.batches),
            batch_size=None,
            sampler=positions,
            num_workers=self.workers,
            pin_memory=self.pin,
            prefetch_factor=4,
            worker_init_fn=_leave_signals_to_the_run,
            generator=torch.Generator(),  # or PyTorch's own would be drawn from
        )
        for batch in loader:
            if isinstance(batch, str):
                raise CaffeToolsError(batch)
            yield batch


class _Guarded(Dataset["Batch | str"]):
    """Batches, or the reason why one cannot be had: errors lose their kind between processes."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def __getitem__(self, position: int) -> Batch | str:
        try:
            return _shared(self.batches[position])
        except CaffeToolsError as error:
            return str(error)


def _shared(batch: Batch) -> Batch:
    """The batch in memory that both processes see; CaffeToolsError where there is not enough.

    Left to the queue between them this happens in a thread of its own, and where it fails the
    batch never arrives.
    """
    try:
        for tensor in batch.tensors.values():
            tensor.share_memory_()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        text = f"there is not enough shared memory to read ahead: {first_line(error)}"
        raise CaffeToolsError(text) from None
    return batch


@dataclass(frozen=True)
class _Positions:
    """The first items of all batches to come, without an end."""

    start: int
    step: int

    def __iter__(self) -> Iterator[int]:
        position = self.start
        while True:
            yield position
            position += self.step


def _leave_signals_to_the_run(_worker: int) -> None:
    """A terminal sends SIGINT to all processes: the run itself decides what it means."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
