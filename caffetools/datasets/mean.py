"""The mean of a database's items, as Caffe's compute_image_mean computes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.blob import Blob, binaryproto
from caffetools.formats.database import open_database
from caffetools.formats.datum import read_datum

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Mean:
    """The mean of `count` items: of each value, and of each channel."""

    count: int
    image: NDArray[np.float32]
    """Channels x height x width."""

    @property
    def channels(self) -> tuple[float, ...]:
        """What mean_value takes."""
        return tuple(self.image.astype(np.float64).mean((1, 2)).tolist())

    def binaryproto(self) -> bytes:
        """The file that mean_file takes."""
        return binaryproto(Blob(self.image.shape, self.image))


def mean_of(path: str, backend: str) -> Mean:
    """The mean of a database.

    Raises CaffeToolsError, placed, for a database that cannot be read, for a damaged record, and
    for items of different sizes.
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
