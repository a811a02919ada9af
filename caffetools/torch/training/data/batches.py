"""Batches of a source, read ahead by workers, from any place in the data."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.labels import LabelRange
from caffetools.torch.training.data.sources import Arrays, Items, Place, Source

Shapes = tuple[tuple[int, ...], ...]
"""Of an item: the shape of each of its arrays."""

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
    """A batch by top, and a note on each damaged item whose place the next has taken."""

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
        reading, slots = self.reading, range(self.source.batch_size)
        numbers = [position + slot * reading.world + reading.rank for slot in slots]
        items = [self._item(number, slot, notes) for slot, number in enumerate(numbers)]
        if len(set(map(_shapes, items))) > 1:
            shapes = self._usual(items, numbers)
            for slot, number in enumerate(numbers):
                if _shapes(items[slot]) != shapes:
                    items[slot] = self._item(number, slot, notes, shapes)
        tensors = {
            top: torch.from_numpy(np.stack(arrays).astype(np.float32, copy=False))
            for top, arrays in zip(self.source.tops, zip(*items, strict=True), strict=True)
        }
        return Batch(tensors, list(dict.fromkeys(notes)))

    def _item(
        self, number: int, slot: int, notes: list[str], shapes: Shapes | None = None
    ) -> Arrays:
        """The item of a number, of these shapes where some are given, or the next that will do."""
        first = ""
        for each in range(number, number + _TRIES):
            try:
                item = self.items.read(each, slot)
                if shapes is not None:
                    self._check_shapes(item, shapes)
            except CaffeToolsError as error:
                text = f"{self.items.name(each, slot)}: {error}"
                if self.reading.strict:
                    raise CaffeToolsError(text) from None
                first = first or text
                notes.append(text)
                continue
            self._check_labels(item, each, slot)
            return item
        raise CaffeToolsError(f"{first}; and so the {_TRIES - 1} items after it")

    def _usual(self, items: list[Arrays], numbers: list[int]) -> Shapes:
        """The shapes that most items of a batch have; of equally many the data's first item's.

        Raises CaffeToolsError where fewer than half have them: of such data Caffe makes no batches.
        """
        counts = Counter(map(_shapes, items))
        most = max(counts.values())
        if 2 * most < len(items):
            odd = next(i for i, item in enumerate(items) if _shapes(item) != _shapes(items[0]))
            raise CaffeToolsError(
                f"{self.items.name(numbers[odd], odd)}: expected items of one shape in a batch, "
                f"found {_shapes(items[0])} and {_shapes(items[odd])}"
            )
        usual = [shapes for shapes, count in counts.items() if count == most]
        first = _shapes(self._item(0, 0, []))
        return first if first in usual else usual[0]

    def _check_shapes(self, item: Arrays, shapes: Shapes) -> None:
        for top, array, shape in zip(self.source.tops, item, shapes, strict=True):
            if np.shape(array) != shape:
                raise CaffeToolsError(
                    f"expected {shape} for {top!a} as most of the batch, found {np.shape(array)}"
                )

    def _check_labels(self, item: Arrays, number: int, slot: int) -> None:
        for top, values in zip(self.source.tops, item, strict=True):
            allowed = self.reading.labels.get(top)
            if allowed is None:
                continue
            wrong = allowed.first_wrong(values)
            if wrong is not None:
                raise CaffeToolsError(
                    f"{self.items.name(number, slot)}: the label {wrong:g} is out of range: "
                    f"{top!a} is read for {allowed.classes} classes, from 0"
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
            if not str(error).startswith("DataLoader worker"):  # PyTorch's, where one has ended
                raise
            raise CaffeToolsError(f"the data cannot be read ahead: {_line(error)}") from None
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


def _line(error: Exception) -> str:
    """The first line of what an error says."""
    return str(error).partition("\n")[0]


def _shapes(item: Arrays) -> Shapes:
    return tuple(np.shape(array) for array in item)
