"""Batches of a source, from any place in the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.labels import LabelRange
from caffetools.torch.training.data.sources import (
    ArrayItems,
    Arrays,
    Items,
    Place,
    Source,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
        first, step = position + self.reading.rank, self.reading.world
        numbers = range(first, first + self.source.batch_size * step, step)
        if isinstance(self.items, ArrayItems):
            return self._taken(self.items, numbers)
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

    def _taken(self, items: ArrayItems, numbers: range) -> Batch:
        """A batch of what lies in memory."""
        columns = dict(zip(self.source.tops, items.take(numbers), strict=True))
        if any(self._wrong_label(top, values) is not None for top, values in columns.items()):
            for slot, number in enumerate(numbers):
                self._check_labels(items.read(number, slot), number, slot)
        return Batch({top: torch.from_numpy(values) for top, values in columns.items()}, [])

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

    def _usual(self, items: list[Arrays], numbers: Sequence[int]) -> Shapes:
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
            wrong = self._wrong_label(top, values)
            if wrong is not None:
                raise CaffeToolsError(
                    f"{self.items.name(number, slot)}: the label {wrong:g} is out of range: "
                    f"{top!a} is read for {self.reading.labels[top].classes} classes, from 0"
                )

    def _wrong_label(self, top: str, values: NDArray[np.generic]) -> float | None:
        allowed = self.reading.labels.get(top)
        return None if allowed is None else allowed.first_wrong(values)


def _shapes(item: Arrays) -> Shapes:
    return tuple(np.shape(array) for array in item)
