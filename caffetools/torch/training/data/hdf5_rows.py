"""HDF5Data: rows of datasets, from a list of HDF5 files (hdf5_data_layer.cpp)."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.files import check_regular, read_text
from caffetools.formats.hdf5 import DAMAGED, opened_datasets
from caffetools.torch.training.data.draws import shuffled
from caffetools.torch.training.data.sources import ItemArrays, OpenSource, ReadContext


@dataclass(frozen=True)
class Hdf5:
    """Rows of the datasets named like the tops; `shuffle` shuffles files and rows."""

    tops: tuple[str, ...]
    source: str
    batch_size: int
    shuffle: bool = False

    workers = 0

    def open(self, place: ReadContext) -> OpenSource:
        return _Rows(self, place)


class _Rows:
    """Rows of the files; one file at a time is in memory, as in Caffe."""

    def __init__(self, source: Hdf5, place: ReadContext) -> None:
        self.source, self.place = source, place
        path = place.find(source.source)
        self.files = [place.find(name) for name in read_text(path).split()]
        if not self.files:
            raise CaffeToolsError("the list names no HDF5 file", Location(path))
        shapes = [_shapes(path, source.tops) for path in self.files]
        for name, found in zip(self.files, shapes, strict=True):
            for shape, first in zip(found, shapes[0], strict=True):
                if shape[1:] != first[1:]:
                    text = f"expected rows of {first[1:]} as in {self.files[0]}, found {shape[1:]}"
                    raise CaffeToolsError(text, Location(name))
        self.lengths = [each[0][0] for each in shapes]
        self._epoch: tuple[int, list[int], list[int]] | None = None
        self._loaded: tuple[int, int, ItemArrays, NDArray[np.int64] | None] | None = None

    def read(self, number: int, slot: int) -> ItemArrays:
        epoch, file, place = self._place(number)
        arrays, rows = self.load(epoch, file)
        row = place if rows is None else int(rows[place])
        return tuple(array[row] for array in arrays)

    def name(self, number: int, slot: int) -> str:
        epoch, file, place = self._place(number)
        order = self.row_order(epoch, file)
        return f"{self.files[file]}: row {place if order is None else order[place]}"

    def _place(self, number: int) -> tuple[int, int, int]:
        """Return the epoch, the file and the position in its row order of an item."""
        epoch, place = divmod(number, sum(self.lengths))
        files, ends = self.order(epoch)
        turn = bisect_right(ends, place)
        return epoch, files[turn], place - (ends[turn - 1] if turn else 0)

    def order(self, epoch: int) -> tuple[list[int], list[int]]:
        """Return the order of the files in an epoch, and the cumulative number of rows."""
        if self._epoch is None or self._epoch[0] != epoch:
            files = list(range(len(self.files)))
            if self.source.shuffle:
                files = shuffled(len(files), self.place.seed, epoch).tolist()
            self._epoch = epoch, files, list(accumulate(self.lengths[file] for file in files))
        return self._epoch[1:]

    def load(self, epoch: int, file: int) -> tuple[ItemArrays, NDArray[np.int64] | None]:
        """Return the datasets of a file as floats, and the row order if shuffled."""
        if self._loaded is None or self._loaded[:2] != (epoch, file):
            if self._loaded is not None and self._loaded[1] == file:
                arrays = self._loaded[2]
            else:
                with _opened(self.files[file], self.source.tops) as datasets:
                    arrays = tuple(np.asarray(each[()], np.float32) for each in datasets)
            self._loaded = epoch, file, arrays, self.row_order(epoch, file)
        return self._loaded[2:]

    def row_order(self, epoch: int, file: int) -> NDArray[np.int64] | None:
        """Return the row order of a file in an epoch if shuffled."""
        if not self.source.shuffle:
            return None
        return shuffled(self.lengths[file], self.place.seed, epoch, file)


def _shapes(path: str, tops: tuple[str, ...]) -> list[tuple[int, ...]]:
    with _opened(path, tops) as datasets:
        shapes = [dataset.shape for dataset in datasets]
        lengths = [shape[0] for shape in shapes]
        if len(set(lengths)) != 1 or not lengths[0]:
            found = ", ".join(f"{top!a} {n}" for top, n in zip(tops, lengths, strict=True))
            raise CaffeToolsError(f"expected as many rows in each dataset, found {found}")
    return shapes


@contextmanager
def _opened(path: str, tops: tuple[str, ...]) -> Iterator[list[Any]]:
    """Open the datasets of a file; errors become CaffeToolsErrors located at it."""
    place = Location(path)
    if not os.path.exists(path):
        raise CaffeToolsError("there is no such file", place)
    check_regular(path)
    try:
        with opened_datasets(path, tops) as datasets:
            yield datasets
    except ImportError:
        raise CaffeToolsError("HDF5 takes h5py: pip install h5py", place) from None
    except CaffeToolsError as error:
        raise error.at(place) from None
    except DAMAGED as error:
        raise CaffeToolsError(f"cannot be read as HDF5: {error}", place) from None
