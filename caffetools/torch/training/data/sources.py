"""Caffe's data layers as data, and the items that each gives, by number.

A source says what a layer of the prototxt said. Opened, it gives the item of every number: numbers
count the items of a run, over the end of the data and on from its start.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from caffetools.errors import CaffeToolsError
from caffetools.formats.database import open_database
from caffetools.formats.datum import read_datum
from caffetools.torch.training.data.draws import Draws
from caffetools.torch.training.data.transform import Transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = tuple["NDArray[np.generic]", ...]
"""One item: an array for each top of the layer."""


class Place(NamedTuple):
    """What an item depends on beside its number."""

    seed: int
    """Of the run and the layer."""
    train: bool
    folder: str = "."
    """Where files are sought that are not in the working directory."""

    def draws(self, number: int) -> Draws:
        """The draws for an item."""
        return Draws(self.seed, number)

    def find(self, path: str) -> str:
        """The path as it is, or in the folder, where the file is there and not here."""
        beside = os.path.join(self.folder, path)
        return beside if not os.path.exists(path) and os.path.exists(beside) else path


class Items(Protocol):
    """An open source."""

    def read(self, number: int, slot: int) -> Arrays:
        """The item of a number, which stands at `slot` in its batch.

        Raises CaffeToolsError for an item that is damaged.
        """

    def name(self, number: int, slot: int) -> str:
        """What messages call it: its file, and its place there."""


class Source(Protocol):
    """A data layer."""

    @property
    def tops(self) -> tuple[str, ...]:
        """The blobs that it fills."""

    @property
    def batch_size(self) -> int:
        """Items in a batch of one process."""

    @property
    def workers(self) -> int:
        """Processes that are worth their while to read ahead."""

    def open(self, place: Place) -> Items:
        """Its items. Raises CaffeToolsError, placed, where the data cannot be read."""


@dataclass(frozen=True)
class Database:
    """Data: an LMDB or a LevelDB of Datum, in the order of its keys (data_layer.cpp)."""

    tops: tuple[str, ...]
    source: str
    backend: str
    batch_size: int
    transform: Transform = field(default_factory=Transform)
    rand_skip: int = 0

    @property
    def workers(self) -> int:
        """None for LevelDB, which one process alone may open."""
        return 2 if self.backend == "LMDB" else 0

    def open(self, place: Place) -> Items:
        """Its items."""
        return _DatabaseItems(self, place)


class _DatabaseItems:
    def __init__(self, source: Database, place: Place) -> None:
        self.source, self.place = source, place
        self.path = place.find(source.source)
        self.transform = source.transform.opened(place.find)
        self.records = open_database(self.path, source.backend)
        self.skipped = Draws(place.seed).below(source.rand_skip)

    def read(self, number: int, slot: int) -> Arrays:
        """Values and label of a record."""
        datum = read_datum(self.records.read(self._index(number)), self.transform.color)
        draws = self.place.draws(number)
        values = self.transform.apply(datum.values, draws, train=self.place.train)
        return (values, np.float32(datum.label))[: len(self.source.tops)]

    def name(self, number: int, slot: int) -> str:
        """The database, and the record's place and key in it."""
        index = self._index(number)
        try:
            key = f", key {os.fsdecode(self.records.key(index))!a}"
        except CaffeToolsError:
            key = ""
        return f"{self.path}: record {index}{key}"

    def _index(self, number: int) -> int:
        return (number + self.skipped) % len(self.records)


@dataclass(frozen=True)
class ArraySource:
    """MemoryData and Input: arrays that a program hands over, item by item in their order."""

    tops: tuple[str, ...]
    batch_size: int
    arrays: Arrays = ()
    shapes: tuple[tuple[int, ...] | None, ...] = ()
    """Of an item of each top, None for any."""

    workers = 0

    def open(self, place: Place) -> Items:
        """Its items. Raises CaffeToolsError where an array is missing or of another shape."""
        if len(self.arrays) != len(self.tops):
            names = ", ".join(map(ascii, self.tops))
            raise CaffeToolsError(f"expected an array for each of {names}: fed from Python")
        if not all(map(np.ndim, self.arrays)) or not len(self.arrays[0]):
            raise CaffeToolsError("expected arrays of items, and at least one item")
        if len({len(array) for array in self.arrays}) != 1:
            found = " and ".join(str(len(array)) for array in self.arrays)
            raise CaffeToolsError(f"expected arrays of as many items each, found {found}")
        return ArrayItems(tuple(map(_fitted, self.tops, self.arrays, self._shapes())))

    def _shapes(self) -> tuple[tuple[int, ...] | None, ...]:
        return self.shapes or (None,) * len(self.tops)


def _fitted(
    top: str, array: NDArray[np.generic], shape: tuple[int, ...] | None
) -> NDArray[np.generic]:
    """An array with items of a shape, but for extents of 1 that they may have or lack."""
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise CaffeToolsError(f"expected numbers for {top!a}, found {array.dtype}")
    if shape is None:
        return array
    found, wanted = ([n for n in extents if n != 1] for extents in (array.shape[1:], shape))
    if found != wanted:
        raise CaffeToolsError(f"expected items of {shape} for {top!a}, found {array.shape[1:]}")
    return array.reshape(len(array), *shape)


@dataclass(frozen=True)
class ArrayItems:
    """Rows of arrays, of which a whole batch can be had at once."""

    arrays: Arrays

    def read(self, number: int, slot: int) -> Arrays:
        """A row of each array."""
        return tuple(array[number % len(array)] for array in self.arrays)

    def name(self, number: int, slot: int) -> str:
        """The number of the row."""
        return f"item {number % len(self.arrays[0])} of what was fed"

    def take(self, numbers: range) -> list[NDArray[np.float32]]:
        """The rows of these numbers, for each array; not copied where they lie side by side."""
        return [_rows(array, numbers).astype(np.float32, copy=False) for array in self.arrays]


def _rows(array: NDArray[np.generic], numbers: range) -> NDArray[np.generic]:
    start = numbers.start % len(array)
    stop = start + len(numbers)
    if numbers.step == 1 and stop <= len(array) and array.flags.writeable:
        return array[start:stop]
    rows: NDArray[np.generic] = array[np.array(numbers) % len(array)]
    return rows
