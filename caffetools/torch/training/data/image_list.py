"""ImageData: the images of a list (image_data_layer.cpp)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.files import read_bytes, read_text
from caffetools.formats.image import decode, resize
from caffetools.torch.training.data.draws import Draws, shuffled
from caffetools.torch.training.data.sources import ItemArrays, OpenSource, ReadContext
from caffetools.torch.training.data.transformer import Transform

_LABEL = re.compile(r"\s*([-+]?[0-9]+)")
"""The part of a text that C's atoi reads."""


class ListedImage(NamedTuple):
    """An image of a list; `label` is None if the line has no number."""

    image: str
    label: int | None

    @property
    def whole(self) -> tuple[str, int]:
        """Image and label; raises CaffeToolsError if one is missing."""
        if not self.image or self.label is None:
            raise CaffeToolsError(f"expected an image and a label, found {self.image!a}")
        return self.image, self.label


@dataclass(frozen=True)
class ImageList:
    """Images of a list with lines `path label`."""

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

    def open(self, place: ReadContext) -> OpenSource:
        return _Images(self, place)


class _Images:
    def __init__(self, source: ImageList, place: ReadContext) -> None:
        self.source, self.place = source, place
        self.path = place.find(source.source)
        self.lines = read_list(self.path)
        self.transform = source.transform.opened(place.find)
        self.skipped = Draws(place.seed).below(source.rand_skip)
        if self.skipped >= len(self.lines):
            text = f"rand_skip skips {self.skipped} images, the list has {len(self.lines)}"
            raise CaffeToolsError(text, Location(self.path))
        self._order: tuple[int, NDArray[np.int64]] | None = None

    def read(self, number: int, slot: int) -> ItemArrays:
        source = self.source
        name, label = self.lines[self._index(number)].whole
        image = read_image(self.place.find(source.root_folder + name), color=source.is_color)
        if source.new_height:
            image = resize(image, source.new_height, source.new_width)
        draws = self.place.draws(number)
        values = self.transform.apply(image.transpose(2, 0, 1), draws, train=self.place.train)
        return values, np.float32(label)

    def name(self, number: int, slot: int) -> str:
        return str(Location(self.path, self._index(number) + 1))

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the shuffled line numbers of an epoch."""
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, shuffled(len(self.lines), self.place.seed, epoch)
        return self._order[1]

    def _index(self, number: int) -> int:
        epoch, index = divmod(number + self.skipped, len(self.lines))
        return int(self.order(epoch)[index]) if self.source.shuffle else index


def read_list(path: str) -> list[ListedImage]:
    """Read the lines of a list: a file, and after the last blank a label.

    Caffe reads a label that is not a number as 0. Raises CaffeToolsError, located, for a list that
    cannot be read or is empty.
    """
    lines = read_text(path).removesuffix("\n").split("\n")
    if lines == [""]:
        raise CaffeToolsError("the list is empty", Location(path))
    return [_line(line.removesuffix("\r")) for line in lines]


def read_image(path: str, *, color: bool) -> NDArray[np.uint8]:
    """Read an image as height x width x channels; raise CaffeToolsError, located, on failure."""
    try:
        return decode(read_bytes(path), color)
    except CaffeToolsError as error:
        raise error.at(Location(path)) from None


def _line(text: str) -> ListedImage:
    name, blank, label = text.rpartition(" ")
    if not blank:
        return ListedImage(text, None)
    found = _LABEL.match(label)
    return ListedImage(name, None if found is None else int(found[1]))
