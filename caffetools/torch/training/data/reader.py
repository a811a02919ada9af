"""The batches of a source in order, read ahead by worker processes."""

from __future__ import annotations

import copy
import ctypes
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.batches import Batch, Batches, Reading
from caffetools.torch.training.data.sources import DataSource
from caffetools.torch.training.interruptions import as_user_error, first_line

_AHEAD = 2
"""Batches that each worker reads ahead."""

_Read = tuple[int | None, Batch]
"""A batch, and its place in the ring for the tops that it lacks."""


class Reader:
    """The batches of a source one after the other; `position` counts the used items.

    With `reuse`, workers write into a ring of batches in shared memory: a batch is overwritten
    after the next one was asked for. New memory for each batch would take longer than raw data.
    """

    def __init__(
        self, source: DataSource, reading: Reading, *, pin: bool = False, reuse: bool = False
    ) -> None:
        self.batches = Batches(source, reading)
        self.position = 0
        self.step = source.batch_size * reading.world
        wanted = min(source.workers, _cores()) if reading.workers is None else reading.workers
        self.workers = wanted if source.workers else 0
        self.pin, self.reuse = pin, reuse
        self._ring: list[dict[str, Tensor]] = []
        self._ahead: Iterator[_Read | str] | None = None

    def first(self) -> Batch:
        """Return the next batch without using it, to find mistakes before training."""
        batch = self.batches[self.position]
        if self.workers:
            self.batches.close()
            if self.reuse and not self._ring:
                places = self.workers * _AHEAD + 2  # read ahead, in use, and the one before
                self._ring = [_shared_like(batch) for _ in range(places)]
        return batch

    def go_to(self, position: int) -> None:
        """Continue from an item of the run."""
        self.close()
        self.position = position

    def close(self) -> None:
        """Stop the workers, if any; the next batch starts them again.

        DataLoader stops them in its destructor otherwise, which may wait for seconds.
        """
        ahead, self._ahead = self._ahead, None
        shut_down = getattr(ahead, "_shutdown_workers", None)
        if shut_down is not None:
            shut_down()

    def next(self) -> Batch:
        """Return the next batch; raise CaffeToolsError for damaged data or a dead worker."""
        if self._ahead is None:
            self._ahead = self._read_ahead()
        try:
            read = next(self._ahead)
        except RuntimeError as error:
            raise as_user_error(error) from None
        except (EOFError, ConnectionError):  # a worker was killed while it sent a batch
            raise as_user_error(RuntimeError("DataLoader worker exited unexpectedly")) from None
        if isinstance(read, str):
            raise CaffeToolsError(read)
        self.position += self.step
        place, batch = read
        return (
            batch if place is None else Batch({**self._ring[place], **batch.tensors}, batch.notes)
        )

    def _read_ahead(self) -> Iterator[_Read | str]:
        positions = count(self.position, self.step)
        if not self.workers:
            return ((None, self.batches[position]) for position in positions)
        loader = DataLoader(
            _Guarded(self.batches, self._ring, self.step),
            batch_size=None,
            sampler=positions,
            num_workers=self.workers,
            multiprocessing_context=_context(),
            pin_memory=self.pin,
            prefetch_factor=_AHEAD,
            worker_init_fn=_set_worker_signals,
            generator=torch.Generator(),  # else PyTorch's own generator is drawn from
        )
        with _without_sigchld_handler():
            return iter(loader)


class _Guarded(Dataset["_Read | str"]):
    """Batches, or the reason why there is none: errors lose their type between processes."""

    def __init__(self, batches: Batches, ring: list[dict[str, Tensor]], step: int) -> None:
        self.batches, self.ring, self.step = batches, ring, step

    def __getitem__(self, position: int) -> _Read | str:
        try:
            if not self.ring:
                return None, _shared(self.batches[position])
            place = position // self.step % len(self.ring)
            into = self.ring[place]
            tensors, notes = self.batches.read(position, into)
            rest = {top: each for top, each in tensors.items() if each is not into.get(top)}
            return place, _shared(Batch(rest, notes))
        except CaffeToolsError as error:
            return str(error)


def _shared_like(batch: Batch) -> dict[str, Tensor]:
    """Return tensors in shared memory, of the shapes of a batch."""
    return _shared(
        Batch({top: torch.zeros_like(each) for top, each in batch.tensors.items()}, [])
    ).tensors


def _shared(batch: Batch) -> Batch:
    """Move a batch to shared memory; raise CaffeToolsError if that is full.

    DataLoader's queue would do so in a thread, and on failure the batch would never arrive.
    """
    try:
        for tensor in batch.tensors.values():
            tensor.share_memory_()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        text = f"there is not enough shared memory to read ahead: {first_line(error)}; "
        text += "use a larger /dev/shm, or --workers 0"
        raise CaffeToolsError(text) from None
    return batch


class _UnlockedEvent:
    """An event of several processes without a lock, which a process killed in it would keep."""

    def __init__(self, flag: ctypes.c_byte) -> None:
        self._flag = flag

    def set(self) -> None:
        self._flag.value = 1

    def is_set(self) -> bool:
        return bool(self._flag.value)


def _context() -> multiprocessing.context.BaseContext:
    """Return a context like the default one whose events cannot block."""
    context = copy.copy(multiprocessing.get_context())
    vars(context)["Event"] = lambda: _UnlockedEvent(context.RawValue(ctypes.c_byte, 0))
    return context


@contextmanager
def _without_sigchld_handler() -> Iterator[None]:
    """Take back the SIGCHLD handler that DataLoader installs with its first workers.

    It raises at any statement of the main thread, while that holds a lock of a queue, too, which
    then hangs. Without it, waiting for the next batch notices a dead worker within five seconds.
    """
    if not _HAS_SIGCHLD or threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGCHLD)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])


_HAS_SIGCHLD = hasattr(signal, "SIGCHLD")  # not on Windows


def _set_worker_signals(_worker: int) -> None:
    """Ignore SIGINT and SIGHUP in a worker: a terminal sends them to all its processes."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if _HAS_SIGCHLD:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])


def _cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
