"""Sources, the settings of Caffe's data layers, and their items by number.

Numbers count the items of a run: after the end of the data they continue at its start.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError
from caffetools.formats.database import open_database
from caffetools.formats.datum import read_datum
from caffetools.torch.training.data.draws import Draws
from caffetools.torch.training.data.transformer import Transform

ItemArrays = tuple[NDArray[np.generic], ...]
"""One item: an array for each top of the layer."""


class Rows(np.ndarray[Any, np.dtype[np.float32]]):
    """Rows of an item, `(any, columns)`, which a batch joins: view an array as this."""


def stacked(arrays: Sequence[NDArray[np.generic]]) -> NDArray[np.float32]:
    """Return a batch of arrays, `(N, …)`, or `(1, 1, rows, columns)` of Rows.

    The first column of joined rows is the item's place in the batch; no rows at all are one of -1.
    """
    if not isinstance(arrays[0], Rows):
        return np.stack(arrays).astype(np.float32, copy=False)
    joined = np.concatenate([np.asarray(each, np.float32) for each in arrays])
    joined[:, 0] = np.repeat(np.arange(len(arrays)), [len(each) for each in arrays])
    if not len(joined):
        joined = np.full((1, joined.shape[1]), -1, np.float32)
    return joined[None, None]


class ReadContext(NamedTuple):
    """What an item depends on, apart from its number."""

    seed: int
    """Depends on the run and the layer."""
    train: bool
    folder: str = "."
    """Searched for files that are not in the working directory."""

    def draws(self, number: int) -> Draws:
        """Return the random numbers of an item."""
        return Draws(self.seed, number)

    def find(self, path: str) -> str:
        """Return the path in the folder if it exists only there, else the path itself."""
        inside = os.path.join(self.folder, path)
        return inside if not os.path.exists(path) and os.path.exists(inside) else path


class OpenSource(Protocol):
    """An open source."""

    def read(self, number: int, slot: int) -> ItemArrays:
        """Return the item of a number, which is at `slot` in its batch.

        Raises CaffeToolsError for a damaged item.
        """

    def name(self, number: int, slot: int) -> str:
        """Return its file and its position there, for messages."""


class DataSource(Protocol):
    """A data layer."""

    @property
    def tops(self) -> tuple[str, ...]:
        """Blobs that it fills."""

    @property
    def batch_size(self) -> int:
        """Items in a batch of one process."""

    @property
    def workers(self) -> int:
        """Default number of processes that read ahead; 0 if one process alone may read."""

    def open(self, place: ReadContext) -> OpenSource:
        """Open it. Raises CaffeToolsError, located, if the data cannot be read."""


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
        """0 for LevelDB, which only one process may open."""
        return 2 if self.backend == "LMDB" else 0

    def open(self, place: ReadContext) -> OpenSource:
        return _DatabaseItems(self, place)


class _DatabaseItems:
    def __init__(self, source: Database, place: ReadContext) -> None:
        self.source, self.place = source, place
        self.path = place.find(source.source)
        self.transform = source.transform.opened(place.find)
        self.records = open_database(self.path, source.backend)
        self.skipped = Draws(place.seed).below(source.rand_skip)

    def read(self, number: int, slot: int) -> ItemArrays:
        datum = read_datum(self.records.read(self._index(number)), self.transform.color)
        draws = self.place.draws(number)
        values = self.transform.apply(datum.values, draws, train=self.place.train)
        return (values, np.float32(datum.label))[: len(self.source.tops)]

    def name(self, number: int, slot: int) -> str:
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
    """MemoryData and Input: items of arrays, in order."""

    tops: tuple[str, ...]
    batch_size: int
    arrays: ItemArrays = ()
    shapes: tuple[tuple[int, ...] | None, ...] = ()
    """Shape of an item of each top; None for any."""

    workers = 0

    def open(self, place: ReadContext) -> OpenSource:
        """Open it. Raises CaffeToolsError if an array is missing or of another shape."""
        if len(self.arrays) != len(self.tops):
            names = ", ".join(map(ascii, self.tops))
            raise CaffeToolsError(f"expected an array for each of {names}: fed from Python")
        if not all(map(np.ndim, self.arrays)) or not len(self.arrays[0]):
            raise CaffeToolsError("expected arrays of items, and at least one item")
        if len({len(array) for array in self.arrays}) != 1:
            found = " and ".join(str(len(array)) for array in self.arrays)
            raise CaffeToolsError(f"expected arrays of as many items each, found {found}")
        shapes = self.shapes or (None,) * len(self.tops)
        return ArrayItems(tuple(map(_fitted, self.tops, self.arrays, shapes)))


def _fitted(
    top: str, array: NDArray[np.generic], shape: tuple[int, ...] | None
) -> NDArray[np.generic]:
    """Return an array with items of a shape; extents of 1 are added or removed."""
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
    """Rows of arrays, which are read as whole batches."""

    arrays: ItemArrays

    def read(self, number: int, slot: int) -> ItemArrays:
        return tuple(array[number % len(array)] for array in self.arrays)

    def name(self, number: int, slot: int) -> str:
        return f"item {number % len(self.arrays[0])} of what was fed"

    def take(self, numbers: range) -> list[NDArray[np.float32]]:
        """Return the rows of each array; adjacent ones are not copied."""
        return [_rows(array, numbers).astype(np.float32, copy=False) for array in self.arrays]


def _rows(array: NDArray[np.generic], numbers: range) -> NDArray[np.generic]:
    start = numbers.start % len(array)
    stop = start + len(numbers)
    if numbers.step == 1 and stop <= len(array) and array.flags.writeable:
        return array[start:stop]
    rows: NDArray[np.generic] = array[np.array(numbers) % len(array)]
    return rows


class LabelRange(NamedTuple):
    """Valid labels: 0 to `classes` - 1, and the ignored one, if any."""

    classes: int
    ignored: int | None = None

    def first_wrong(self, values: NDArray[np.generic]) -> float | None:
        """Return the first label out of range when truncated to an integer, as in C, or None."""
        if np.ndim(values) == 0 and -1 < float(values) < self.classes:
            return None  # fast path for one label
        labels = np.trunc(np.asarray(values, np.float64))
        right = (labels >= 0) & (labels < self.classes)
        if self.ignored is not None:
            right |= labels == self.ignored
        return None if right.all() else float(np.asarray(values)[~right].flat[0])
