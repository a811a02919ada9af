"""HDF5Data: rows of datasets, from a list of HDF5 files (hdf5_data_layer.cpp)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from caffetools.errors import CaffeToolsError, Location
from caffetools.torch.training.data.draws import shuffled
from caffetools.torch.training.data.sources import Arrays, Items, Place

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Hdf5:
    """The rows of the datasets that the tops are named for; with `shuffle` files and rows mixed."""

    tops: tuple[str, ...]
    source: str
    batch_size: int
    shuffle: bool = False

    workers = 0

    def open(self, place: Place) -> Items:
        """Its items."""
        return _Rows(self, place)


class _Rows:
    """One file at a time is held, as in Caffe."""

    def __init__(self, source: Hdf5, place: Place) -> None:
        self.source, self.place = source, place
        self.files = [place.find(name) for name in _listed(place.find(source.source))]
        self.lengths = [_length(path, source.tops) for path in self.files]
        self._epoch: tuple[int, list[int], list[int]] | None = None
        self._loaded: tuple[int, int, Arrays, NDArray[np.int64] | None] | None = None

    def read(self, number: int, slot: int) -> Arrays:
        """A row of each dataset."""
        epoch, place = divmod(number, sum(self.lengths))
        files, ends = self.order(epoch)
        turn = bisect_right(ends, place)
        arrays, rows = self.load(epoch, files[turn])
        row = place - (ends[turn - 1] if turn else 0)
        row = row if rows is None else int(rows[row])
        return tuple(array[row] for array in arrays)

    def order(self, epoch: int) -> tuple[list[int], list[int]]:
        """The files of an epoch in their order, and how many rows have passed after each."""
        if self._epoch is None or self._epoch[0] != epoch:
            files = list(range(len(self.files)))
            if self.source.shuffle:
                files = shuffled(len(files), self.place.seed, epoch).tolist()
            self._epoch = epoch, files, list(accumulate(self.lengths[file] for file in files))
        return self._epoch[1:]

    def load(self, epoch: int, file: int) -> tuple[Arrays, NDArray[np.int64] | None]:
        """The datasets of a file as floats, and the order of their rows where that is mixed."""
        if self._loaded is None or self._loaded[:2] != (epoch, file):
            if self._loaded is not None and self._loaded[1] == file:
                arrays = self._loaded[2]
            else:
                with _open(self.files[file]) as data:
                    arrays = tuple(
                        np.asarray(data[top][()], np.float32) for top in self.source.tops
                    )
            rows = None
            if self.source.shuffle:
                rows = shuffled(self.lengths[file], self.place.seed, epoch, file)
            self._loaded = epoch, file, arrays, rows
        return self._loaded[2:]


def _listed(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            names = file.read().split()
    except OSError as error:
        raise CaffeToolsError(f"cannot be read: {error.strerror}", Location(path)) from None
    if not names:
        raise CaffeToolsError("the list names no HDF5 file", Location(path))
    return names


def _length(path: str, tops: tuple[str, ...]) -> int:
    """How many rows a file has. Raises CaffeToolsError, placed, for what Caffe refuses."""
    lengths = {}
    with _open(path) as file:
        for top in tops:
            dataset = file.get(top)
            if (
                not hasattr(dataset, "dtype")
                or dataset.dtype.kind not in "fiu"
                or not dataset.shape
            ):
                raise CaffeToolsError(f"the file has no dataset {top!a} with rows of numbers")
            lengths[top] = dataset.shape[0]
    if len(set(lengths.values())) != 1 or not min(lengths.values()):
        found = ", ".join(f"{name!a} {length}" for name, length in lengths.items())
        raise CaffeToolsError(
            f"expected as many rows in each dataset, found {found}", Location(path)
        )
    return int(lengths[tops[0]])


@contextmanager
def _open(path: str) -> Iterator[Any]:
    """An HDF5 file; whatever goes wrong with it becomes a CaffeToolsError, placed at it."""
    place = Location(path)
    try:
        import h5py

        with h5py.File(path, "r") as file:
            yield file
    except ImportError:
        raise CaffeToolsError("HDF5 takes h5py: pip install h5py", place) from None
    except CaffeToolsError as error:
        raise error.at(place) from None
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise CaffeToolsError(f"cannot be read as HDF5: {error}", place) from None
