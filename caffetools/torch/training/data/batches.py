"""Batches of a source, read ahead by workers, from any place in the data."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.labels import LabelRange
from caffetools.torch.training.data.sources import Arrays, Items, Place, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TRIES = 1000
"""Damaged items in a row after which the data counts as damaged as a whole."""


@dataclass(frozen=True)
class Reading:
    """How a run reads its data."""

    seed: int
    train: bool
    folder: str = "."
    rank: int = 0
    world: int = 1
    """Processes that share the items out: the one of rank r takes every `world`th, from r on."""
    strict: bool = False
    """Is a damaged item an error? Otherwise the one after it takes its place, with a note."""
    workers: int | None = None
    """Processes that read ahead; None for as many as the source is worth."""
    labels: Mapping[str, LabelRange] = field(default_factory=dict)


class Batch(NamedTuple):
    """A batch by top, and notes on items that were damaged."""

    tensors: dict[str, Tensor]
    notes: list[str]


class Batches(Dataset[Batch]):
    """The batch that begins with each item of a source."""

    def __init__(self, source: Source, reading: Reading) -> None:
        self.source, self.reading = source, reading
        self._items: Items | None = None

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_items": None}

    @property
    def items(self) -> Items:
        """The open source. Each process opens it for itself, when it first reads."""
        if self._items is None:
            reading = self.reading
            place = Place(reading.seed, reading.train, reading.folder)
            self._items = self.source.open(place)
        return self._items

    def close(self) -> None:
        """Forget the open source, so that a worker opens its own."""
        self._items = None

    def __getitem__(self, position: int) -> Batch:
        notes: list[str] = []
        reading = self.reading
        items = [
            self._item(position + slot * reading.world + reading.rank, slot, notes)
            for slot in range(self.source.batch_size)
        ]
        tensors = {}
        for top, arrays in zip(self.source.tops, zip(*items, strict=True), strict=True):
            tensors[top] = torch.from_numpy(_stacked(top, arrays))
        return Batch(tensors, notes)

    def _item(self, number: int, slot: int, notes: list[str]) -> Arrays:
        items = self.items
        for attempt in range(_TRIES):
            try:
                item = items.read(number + attempt, slot)
            except CaffeToolsError as error:
                text = f"item {number + attempt} of the data: {error}"
                if self.reading.strict:
                    raise CaffeToolsError(text) from None
                notes.append(f"{text}; the next takes its place")
                continue
            self._check_labels(item, number + attempt)
            return item
        raise CaffeToolsError(f"{_TRIES} items in a row are damaged, the last: {notes[-1]}")

    def _check_labels(self, item: Arrays, number: int) -> None:
        for top, values in zip(self.source.tops, item, strict=True):
            allowed = self.reading.labels.get(top)
            if allowed is None:
                continue
            wrong = allowed.first_wrong(values)
            if wrong is not None:
                raise CaffeToolsError(
                    f"the label {wrong} of item {number} of the data is out of range: {top!a} is "
                    f"read for {allowed.classes} classes, from 0"
                )


class Reader:
    """The batches of a source one after the other; `position` counts the items that were used."""

    def __init__(self, source: Source, reading: Reading, *, pin: bool = False) -> None:
        self.batches = Batches(source, reading)
        self.position = 0
        self.step = source.batch_size * reading.world
        self.workers = source.workers if reading.workers is None else reading.workers
        self.workers = min(self.workers, source.workers) if not source.workers else self.workers
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

    def next(self) -> Batch:
        """The next batch. Raises CaffeToolsError where the data is damaged."""
        if self._ahead is None:
            self._ahead = self._read_ahead()
        batch = next(self._ahead)
        self.position += self.step
        return batch

    def _read_ahead(self) -> Iterator[Batch]:
        loader = DataLoader(
            _Guarded(self.batches),
            batch_size=None,
            sampler=_Positions(self.position, self.step),
            num_workers=self.workers,
            pin_memory=self.pin,
            prefetch_factor=4 if self.workers else None,
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
            return self.batches[position]
        except CaffeToolsError as error:
            return str(error)


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


def _stacked(top: str, arrays: Sequence[NDArray[np.generic]]) -> NDArray[np.float32]:
    shapes = {np.shape(array) for array in arrays}
    if len(shapes) > 1:
        found = " and ".join(map(str, sorted(shapes)[:2]))
        raise CaffeToolsError(f"items of one batch of {top!a} differ in shape: {found}")
    return np.stack(arrays).astype(np.float32, copy=False)
