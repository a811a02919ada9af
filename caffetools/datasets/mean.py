"""Compute the mean of a database's items, as Caffe's compute_image_mean does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.blob import Blob, binaryproto
from caffetools.formats.database import open_database
from caffetools.formats.datum import read_datum


@dataclass(frozen=True)
class Mean:
    """Mean of `count` items; `image` is channels x height x width."""

    count: int
    image: NDArray[np.float32]

    @property
    def channels(self) -> tuple[float, ...]:
        """Mean of each channel, for mean_value."""
        return tuple(self.image.astype(np.float64).mean((1, 2)).tolist())

    def binaryproto(self) -> bytes:
        """Return the content of a file for mean_file."""
        return binaryproto(Blob(self.image.shape, self.image))


def mean_of(path: str, backend: str) -> Mean:
    """Return the mean of a database.

    Raises CaffeToolsError, located, for a database that cannot be read, a damaged record, and
    items of different sizes.
    """
    records = open_database(path, backend)
    total: NDArray[np.float64] | None = None
    for index in range(len(records)):
        try:
            values = read_datum(records.read(index), None).values
        except CaffeToolsError as error:
            raise CaffeToolsError(f"record {index}: {error.message}", Location(path)) from None
        if total is None:
            total = np.zeros(values.shape)
        if values.shape != total.shape:
            text = f"record {index} is {values.shape}, those before it {total.shape}"
            raise CaffeToolsError(text, Location(path))
        total += values.astype(np.float64)
    assert total is not None
    return Mean(len(records), (total / len(records)).astype(np.float32))
