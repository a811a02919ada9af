"""Batches of a source, from any position in the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.sources import (
    ArrayItems,
    DataSource,
    ItemArrays,
    LabelRange,
    OpenSource,
    ReadContext,
    Rows,
    stacked,
)

Shapes = tuple[tuple[int, ...], ...]
"""Shape of each array of an item, without the number of Rows."""

_TRIES = 1000
"""Consecutive damaged items after which reading fails."""


@dataclass(frozen=True)
class Reading:
    """How a run reads its data.

    Of `world` processes, the one of rank r reads every `world`th item, from r on. With `strict` a
    damaged item is an error; otherwise the next replaces it, with a note. `workers` processes read
    ahead; None for the number of the source.
    """

    seed: int
    train: bool
    folder: str = "."
    rank: int = 0
    world: int = 1
    strict: bool = False
    workers: int | None = None
    labels: Mapping[str, LabelRange] = field(default_factory=dict)


class Batch(NamedTuple):
    """A batch by top, and a note on each damaged item that the next replaced."""

    tensors: dict[str, Tensor]
    notes: list[str]


class Batches(Dataset[Batch]):
    """Dataset of the batches that start at each item of a source."""

    def __init__(self, source: DataSource, reading: Reading) -> None:
        self.source, self.reading = source, reading
        self._items: OpenSource | None = None

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_items": None}

    @property
    def items(self) -> OpenSource:
        """The open source; each process opens it when it first reads."""
        if self._items is None:
            reading = self.reading
            place = ReadContext(reading.seed, reading.train, reading.folder)
            self._items = self.source.open(place)
        return self._items

    def close(self) -> None:
        """Drop the open source, so that a worker opens its own."""
        self._items = None

    def __getitem__(self, position: int) -> Batch:
        return self.read(position, {})

    def read(self, position: int, into: Mapping[str, Tensor]) -> Batch:
        """Return the batch from an item on, in the tensors `into` of its tops that have its shape.

        Each item is copied into the batch at once, so that its own memory serves the next item.
        """
        notes: list[str] = []
        first, step = position + self.reading.rank, self.reading.world
        numbers = range(first, first + self.source.batch_size * step, step)
        if isinstance(self.items, ArrayItems):
            return self._taken(self.items, numbers)
        tops = self.source.tops
        columns: tuple[Tensor | None, ...] = ()
        items: list[ItemArrays] = []
        for slot, number in enumerate(numbers):
            item = self._item(number, slot, notes)
            columns = columns or tuple(
                _column(array, len(numbers), into.get(top))
                for top, array in zip(tops, item, strict=True)
            )
            items.append(tuple(map(_placed, columns, item, (slot,) * len(item))))
        if len(set(map(_shapes, items))) > 1:
            columns = (None,) * len(tops)
            shapes = self._usual(items, numbers)
            for slot, number in enumerate(numbers):
                if _shapes(items[slot]) != shapes:
                    items[slot] = self._item(number, slot, notes, shapes)
        tensors = {
            top: torch.from_numpy(stacked(arrays)) if column is None else column
            for top, column, arrays in zip(tops, columns, zip(*items, strict=True), strict=True)
        }
        return Batch(tensors, list(dict.fromkeys(notes)))

    def _taken(self, items: ArrayItems, numbers: range) -> Batch:
        """Return a batch of arrays in memory."""
        columns = dict(zip(self.source.tops, items.take(numbers), strict=True))
        if any(self._wrong_label(top, values) is not None for top, values in columns.items()):
            for slot, number in enumerate(numbers):
                self._check_labels(items.read(number, slot), number, slot)
        return Batch({top: torch.from_numpy(values) for top, values in columns.items()}, [])

    def _item(
        self, number: int, slot: int, notes: list[str], shapes: Shapes | None = None
    ) -> ItemArrays:
        """Return the item of a number, or the next valid one, of the given shapes if any."""
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

    def _usual(self, items: list[ItemArrays], numbers: Sequence[int]) -> Shapes:
        """Return the most common shapes in a batch; in a tie, those of the data's first item.

        Raises CaffeToolsError if fewer than half of the items have them: Caffe cannot batch these.
        """
        counts = Counter(map(_shapes, items))
        most = max(counts.values())
        if 2 * most < len(items):
            odd = next(i for i, item in enumerate(items) if _shapes(item) != _shapes(items[0]))
            found = f"{_shapes(items[0])} and {_shapes(items[odd])}"
            text = f"expected items of one shape in a batch, found {found}"
            raise CaffeToolsError(f"{self.items.name(numbers[odd], odd)}: {text}")
        usual = [shapes for shapes, count in counts.items() if count == most]
        first = _shapes(self._item(0, 0, []))
        return first if first in usual else usual[0]

    def _check_shapes(self, item: ItemArrays, shapes: Shapes) -> None:
        for top, array, shape in zip(self.source.tops, item, shapes, strict=True):
            if _shape(array) != shape:
                text = f"expected {shape} for {top!a} as most of the batch, found {np.shape(array)}"
                raise CaffeToolsError(text)

    def _check_labels(self, item: ItemArrays, number: int, slot: int) -> None:
        for top, values in zip(self.source.tops, item, strict=True):
            wrong = self._wrong_label(top, values)
            if wrong is not None:
                classes = f"{top!a} is read for {self.reading.labels[top].classes} classes, from 0"
                text = f"the label {wrong:g} is out of range: {classes}"
                raise CaffeToolsError(f"{self.items.name(number, slot)}: {text}")

    def _wrong_label(self, top: str, values: NDArray[np.generic]) -> float | None:
        allowed = self.reading.labels.get(top)
        return None if allowed is None else allowed.first_wrong(values)


def _column(array: NDArray[np.generic], count: int, into: Tensor | None) -> Tensor | None:
    """Return the tensor of `count` arrays like the first, None for Rows."""
    if isinstance(array, Rows):
        return None
    if into is not None and tuple(into.shape) == (count, *np.shape(array)):
        return into
    # In the order of the array's own memory: images are rows of pixels, copied as a whole.
    order = sorted(range(np.ndim(array)), key=lambda axis: -abs(array.strides[axis]))
    column = np.empty((count, *(array.shape[axis] for axis in order)), np.float32)
    return torch.from_numpy(
        column.transpose(0, *(1 + order.index(axis) for axis in range(len(order))))
    )


def _placed(column: Tensor | None, array: NDArray[np.generic], slot: int) -> NDArray[np.generic]:
    """Copy an array into a column; return the copy, or the array if it does not fit."""
    if column is None or tuple(column.shape[1:]) != np.shape(array):
        return array
    place = column[slot].numpy()
    place[...] = array
    return place


def _shapes(item: ItemArrays) -> Shapes:
    return tuple(map(_shape, item))


def _shape(array: NDArray[np.generic]) -> tuple[int, ...]:
    return array.shape[1:] if isinstance(array, Rows) else np.shape(array)
