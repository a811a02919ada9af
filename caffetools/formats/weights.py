"""A path -> the numbers in the file."""

from __future__ import annotations

import os

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats import caffemodel as protobuf
from caffetools.formats.stored import Weights
from caffetools.proto.source import mapped, shown_name

_HDF5 = b"\x89HDF\r\n\x1a\n"
_KINDS = ("caffemodel", "binaryproto", "solverstate")


def read_weights(path: str | os.PathLike[str]) -> Weights:
    """What a .caffemodel, .binaryproto or .solverstate holds, as protobuf or as HDF5 (.h5).

    The file is mapped: what is not looked at is not read. Raises CaffeToolsError, placed at the
    file, for a file that cannot be read or is of no such kind.
    """
    name = shown_name(path)
    buffer = mapped(path)
    if not buffer:
        raise CaffeToolsError("the file is empty: expected weights", Location(name))
    if buffer[: len(_HDF5)] == _HDF5:
        try:
            from caffetools.formats import hdf5_weights as hdf5
        except ImportError:
            text = "HDF5 needs h5py: pip install 'caffetools[data]'"
            raise CaffeToolsError(text, Location(name)) from None
        return hdf5.parse(os.fspath(path), buffer)
    ending = os.fspath(path).rpartition(".")[2]
    kind = ending if ending in _KINDS else protobuf.guess_kind(buffer)
    return protobuf.parse(buffer, name, kind)
