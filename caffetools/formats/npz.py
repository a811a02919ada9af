"""Arrays -> the bytes of a .npz file, piece by piece."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OLDEST = (1980, 1, 1, 0, 0, 0)
"""The time of every member, so that the same arrays always give the same file."""


class _Pieces(io.RawIOBase):
    """A file that only hands on what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Keep a piece."""
        self.written.append(bytes(data))
        return len(self.written[-1])

    def taken(self) -> list[bytes]:
        """What has been written since the last time."""
        pieces, self.written = self.written, []
        return pieces


def npz(arrays: Mapping[str, NDArray[Any]]) -> Iterator[bytes]:
    """The pieces of a file that numpy.load reads, without compression."""
    import numpy as np

    sink = _Pieces()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", _OLDEST)
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)
            yield from sink.taken()
    yield from sink.taken()
