"""`.npz` files, written in pieces."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OLDEST = (1980, 1, 1, 0, 0, 0)
"""Time of every member, so that the same arrays give the same file."""


class _Pieces(io.RawIOBase):
    """A file that keeps what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: Any) -> int:
        """Keep a piece."""
        self.written.append(bytes(data))
        return len(self.written[-1])


def npz(arrays: Mapping[str, NDArray[Any]]) -> Iterator[bytes]:
    """Encode arrays as an uncompressed file that numpy.load reads."""
    sink = _Pieces()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", _OLDEST)
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)
            yield from sink.written
            sink.written.clear()
    yield from sink.written
