"""Caffe's data layers as data, and the items that each gives, by number.

A source says what a layer of the prototxt said. Opened, it gives the item of every number: numbers
count the items of a run, over the end of the data and on from its start.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from caffetools.errors import CaffeToolsError, Location
from caffetools.torch.training.data.databases import Records, open_database
from caffetools.torch.training.data.datum import read_datum
from caffetools.torch.training.data.draws import Draws, shuffled
from caffetools.torch.training.data.images import decode, resize
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
        return _DatabaseItems(self, place, open_database(place.find(self.source), self.backend))


@dataclass(frozen=True)
class _DatabaseItems:
    source: Database
    place: Place
    records: Records

    def read(self, number: int, slot: int) -> Arrays:
        """Values and label of a record."""
        skipped = Draws(self.place.seed).below(self.source.rand_skip)
        record = self.records.read((number + skipped) % len(self.records))
        transform = self.source.transform
        datum = read_datum(record, transform.color)
        draws = self.place.draws(number)
        values = transform.apply(datum.values, draws, train=self.place.train)
        return (values, np.float32(datum.label))[: len(self.source.tops)]


@dataclass(frozen=True)
class ImageList:
    """ImageData: the images of a list, `path label` a line (image_data_layer.cpp)."""

    tops: tuple[str, ...]
    source: str
    batch_size: int
    transform: Transform = field(default_factory=Transform)
    root_folder: str = ""
    new_height: int = 0
    new_width: int = 0
    is_color: bool = True
    shuffle: bool = False
    rand_skip: int = 0

    workers = 2

    def open(self, place: Place) -> Items:
        """Its items."""
        return _Images(self, place)


class _Images:
    def __init__(self, source: ImageList, place: Place) -> None:
        self.source, self.place = source, place
        self.lines = read_list(place.find(source.source))
        self.skipped = Draws(place.seed).below(source.rand_skip)
        self._order: tuple[int, NDArray[np.int64]] | None = None

    def read(self, number: int, slot: int) -> Arrays:
        """An image and its label."""
        source = self.source
        epoch, index = divmod(number + self.skipped, len(self.lines))
        if source.shuffle:
            index = int(self.order(epoch)[index])
        name, label = self.lines[index]
        image = read_image(self.place.find(source.root_folder + name), color=source.is_color)
        if source.new_height:
            image = resize(image, source.new_height, source.new_width)
        draws = self.place.draws(number)
        values = source.transform.apply(image.transpose(2, 0, 1), draws, train=self.place.train)
        return values, np.float32(label)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """The shuffled lines of an epoch."""
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, shuffled(len(self.lines), self.place.seed, epoch)
        return self._order[1]


@dataclass(frozen=True)
class ArraySource:
    """MemoryData and Input: arrays that a program hands over, item by item in their order."""

    tops: tuple[str, ...]
    batch_size: int
    arrays: Arrays = ()

    workers = 0

    def open(self, place: Place) -> Items:
        """Its items. Raises CaffeToolsError where there is no array for a top, or no item."""
        if len(self.arrays) != len(self.tops):
            names = ", ".join(map(ascii, self.tops))
            raise CaffeToolsError(f"expected an array for each of {names}: fed from Python")
        if len({len(array) for array in self.arrays}) != 1 or not len(self.arrays[0]):
            raise CaffeToolsError("expected arrays of as many items each, and at least one")
        return _Rows(self.arrays)


@dataclass(frozen=True)
class _Rows:
    arrays: Arrays

    def read(self, number: int, slot: int) -> Arrays:
        """A row of each array."""
        return tuple(array[number % len(array)] for array in self.arrays)


def read_list(path: str) -> list[tuple[str, int]]:
    """The lines of a list: a file and a label.

    As in Caffe, the label follows the last blank and counts as 0 where it is no number. Raises
    CaffeToolsError, placed, for a list that cannot be read or is empty.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            pairs = [line.rstrip("\n").rpartition(" ") for line in file]
    except OSError as error:
        raise CaffeToolsError(f"cannot be read: {error.strerror}", Location(path)) from None
    if not pairs:
        raise CaffeToolsError("the list is empty", Location(path))
    return [(name or rest, _label(rest)) for name, _, rest in pairs]


def read_image(path: str, *, color: bool) -> NDArray[np.uint8]:
    """An image file as height x width x channels; CaffeToolsError, placed, where it is none."""
    try:
        with open(path, "rb") as file:
            return decode(file.read(), color)
    except CaffeToolsError as error:
        raise error.at(Location(path)) from None
    except OSError as error:
        raise CaffeToolsError(f"cannot be read: {error.strerror}", Location(path)) from None


def _label(text: str) -> int:
    """C's atoi."""
    digits = text.strip()
    sign = digits[:1] if digits[:1] in ("-", "+") else ""
    number = ""
    for character in digits[len(sign) :]:
        if not character.isdecimal():
            break
        number += character
    return int(sign + number) if number else 0
